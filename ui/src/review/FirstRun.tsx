import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Key, useKeys } from "../kit/keys";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { useDesk } from "./context";
import { isCommand } from "./guard";

const APPLY = "countersign pack apply .";

/** A hub without a workflow: what this is, and the two ways to begin. */
export function FirstRun() {
  const { api, session, me } = useDesk();
  const says = useWords().review;
  const client = useQueryClient();
  const [said, say] = useState("");
  const [copied, setCopied] = useState(false);
  const may = me.owner || me.grants.some((grant) => grant.role === "admin");
  const load = async () => {
    say(says.loadingDemo);
    try {
      await api.loadDemo();
      await client.invalidateQueries();
      void session.wake();
    } catch (error) {
      say(says.demoFailed(reasonOf(error)));
    }
  };
  useKeys({ d: (event) => may && isCommand(event) && void load() });
  return (
    <div className="first-run" data-testid="empty">
      <h1>{says.firstTitle}</h1>
      <p>{says.firstLead}</p>
      {may ? (
        <>
          <section className="way">
            <button type="button" className="primary" onClick={() => void load()}>
              {says.loadDemo} <Key press="D" />
            </button>
            <p>{says.demoSays}</p>
          </section>
          <section className="way">
            <h2>{says.ownPack}</h2>
            <p>{says.ownPackSays}</p>
            <p className="shell">
              <code>{APPLY}</code>
              <button
                type="button"
                className="quiet"
                onClick={() => void navigator.clipboard?.writeText(APPLY).then(() => setCopied(true))}
              >
                {copied ? says.copied : says.copy}
              </button>
            </p>
          </section>
        </>
      ) : (
        <p>{says.firstReader}</p>
      )}
      <p role="status">{said}</p>
    </div>
  );
}
