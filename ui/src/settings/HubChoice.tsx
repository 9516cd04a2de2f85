import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { HubChoice, Native } from "../host";
import { useWords } from "../words";
import { Waiting } from "./State";
import "./settings.css";

export function useHubChoice(native: Native | null) {
  return useQuery({ queryKey: ["hub-choice"], queryFn: () => native?.hub() ?? null, staleTime: 0 });
}

/** The choice of the hub alone, for where there is no hub to fill the rest of the settings. */
export default function ChooseHub({ native }: { native: Native }) {
  const choice = useHubChoice(native);
  return (
    <>
      <Waiting query={choice} />
      {choice.data && <Choice native={native} choice={choice.data} />}
    </>
  );
}

/** The desktop's own hub or a team's. Once another one is chosen, the host begins the console anew. */
export function Choice({ native, choice }: { native: Native; choice: HubChoice }) {
  const says = useWords().settings.connection;
  const [failed, setFailed] = useState("");
  const useEmbedded = async () => {
    try {
      await native.useEmbedded();
    } catch (error) {
      setFailed(says.embeddedFailed(said(error)));
    }
  };
  return (
    <section className="settings-part" aria-label={says.choice}>
      <h3>{says.choice}</h3>
      <p>{choice.kind === "embedded" ? says.embeddedNow : says.remoteNow(choice.url ?? "")}</p>
      <p className={choice.keychain ? "settings-note" : "settings-warning"}>
        {choice.keychain ? says.keychain : says.noKeychain}
      </p>
      {choice.kind === "remote" && (
        <>
          <button type="button" className="quiet" onClick={() => void useEmbedded()}>
            {says.embedded}
          </button>
          <p role="status" className="fail">
            {failed}
          </p>
        </>
      )}
      <Remote native={native} url={choice.url ?? ""} />
    </section>
  );
}

type Fault = { field: "url" | "token" | "both"; words: string };

function Remote({ native, url: first }: { native: Native; url: string }) {
  const says = useWords().settings.connection;
  const [url, setUrl] = useState(first);
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<Fault | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    if (!/^https?:\/\/[^\s/]+/i.test(url.trim())) return setFault({ field: "url", words: says.notUrl });
    if (!token.trim()) return setFault({ field: "token", words: says.noToken });
    setBusy(true);
    setFault(null);
    try {
      await native.useRemote(url.trim(), token.trim());
    } catch (error) {
      setFault({ field: "both", words: says.connectFailed(said(error)) });
      setBusy(false);
    }
  };
  const wrong = (field: Fault["field"]) => fault?.field === field || fault?.field === "both";
  return (
    <form className="settings-remote" aria-label={says.remote} onSubmit={(event) => void submit(event)}>
      <h3>{says.remote}</h3>
      <label className="field">
        {says.url}
        <input
          inputMode="url"
          autoComplete="off"
          spellCheck={false}
          placeholder="https://"
          value={url}
          aria-invalid={wrong("url")}
          aria-describedby="remote-fault"
          onChange={(event) => setUrl(event.target.value)}
        />
      </label>
      {fault?.field === "url" && <Said words={fault.words} />}
      <label className="field">
        {says.token}
        <input
          type="password"
          autoComplete="off"
          value={token}
          aria-invalid={wrong("token")}
          aria-describedby="remote-fault"
          onChange={(event) => setToken(event.target.value)}
        />
      </label>
      {fault && fault.field !== "url" ? (
        <Said words={fault.words} />
      ) : (
        <p className="dialog-hint">{says.tokenHint}</p>
      )}
      <button type="submit" className="primary" disabled={busy}>
        {busy ? says.connecting : says.connect}
      </button>
    </form>
  );
}

function Said({ words }: { words: string }) {
  return (
    <p id="remote-fault" className="fail" role="alert">
      {words}
    </p>
  );
}

/** The shell throws its sentence itself. */
function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
