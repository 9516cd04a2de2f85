import { type FormEvent, useState } from "react";
import type { Host } from "./host";

export function SignIn({ host, refused }: { host: Host; refused: boolean }) {
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
        <h1>Sign in to {host.place}</h1>
        <p>
          Paste your token. An admin makes one with <code>countersign token create --role reviewer</code>.
        </p>
        <label className="field">
          Token
          <input
            type="password"
            ref={(field) => field?.focus()}
            autoComplete="off"
            value={token}
            onChange={(e) => setToken(e.target.value)}
          />
        </label>
        <p role="alert" className="refused">
          {refused &&
            "The hub didn't take the token: it may have expired or been revoked. What you typed and decided is kept."}
        </p>
        <button type="submit" className="primary" disabled={!token.trim()}>
          Sign in
        </button>
      </form>
    </main>
  );
}
