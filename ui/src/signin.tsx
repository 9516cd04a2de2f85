import { type FormEvent, useState } from "react";
import { Elsewhere } from "./frame/Elsewhere";
import type { Host } from "./host";
import { useWords } from "./words";

export function SignIn({ host, refused }: { host: Host; refused: boolean }) {
  const says = useWords().frame;
  const [token, setToken] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim()) host.signIn(token.trim());
  };
  return (
    <main className="sign-in">
      <form onSubmit={submit}>
        <span className="brand" aria-hidden="true">
          C
        </span>
        <h1>{says.signInTo(host.place)}</h1>
        <p>
          {says.signInBefore}
          <code>countersign token create --role reviewer</code>
          {says.signInAfter}
        </p>
        <label className="field">
          {says.token}
          <input
            type="password"
            ref={(field) => field?.focus()}
            autoComplete="off"
            value={token}
            onChange={(e) => setToken(e.target.value)}
          />
        </label>
        <p role="alert" className="refused">
          {refused && says.tokenRefused}
        </p>
        <button type="submit" className="primary" disabled={!token.trim()}>
          {says.signIn}
        </button>
      </form>
      <Elsewhere host={host} />
    </main>
  );
}
