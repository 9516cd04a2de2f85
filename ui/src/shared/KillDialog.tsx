import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { Api } from "../api/client";
import type { Workflow } from "../api/types";
import { Dialog } from "../kit/dialog";
import { HoldButton } from "../kit/hold-button";
import { useWords } from "../words";
import { isUnanswered, useFindOut } from "./unanswered";
import { longSpan, reasonOf, stageName } from "./words";

interface Props {
  workflow: Workflow;
  api: Api;
  onClose: () => void;
}

/** Two moves: open this, then type the workflow's id or hold the button. Resume stands in the same place. */
export function KillDialog({ workflow: shown, api, onClose }: Props) {
  const says = useWords().shared;
  const client = useQueryClient();
  const field = useRef<HTMLInputElement>(null);
  // The workflow changes once the act is done, and another one may come on screen; the dialog stays with what was asked.
  const [workflow] = useState(shown);
  const { killed } = workflow;
  const findOut = useFindOut();
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [said, say] = useState<{ words: string; done: boolean } | null>(null);
  const matches = typed.trim() === workflow.id;

  const act = async () => {
    if (busy || said?.done) return;
    if (!reason.trim()) {
      say({ words: says.sayWhy, done: false });
      field.current?.focus();
      return;
    }
    setBusy(true);
    try {
      say({ words: killed ? await resume() : await kill(), done: true });
      await client.invalidateQueries();
    } catch (error) {
      if (isUnanswered(error)) void lookWhether(reasonOf(error));
      else say({ words: (killed ? says.resumeFailed : says.killFailed)(reasonOf(error)), done: false });
    } finally {
      setBusy(false);
    }
  };
  /** No answer is no answer: it may have been done. Trying again changes nothing then. */
  const lookWhether = async (why: string) => {
    say({ words: says.notKnownYet(why), done: false });
    const found = await findOut(async () => (await api.workflow(workflow.id)).killed !== killed);
    if (found === "unknown") say({ words: says.stillUnknown, done: false });
    if (found === "not_done") say({ words: killed ? says.notResumed : says.notKilled, done: false });
    if (found !== "done") return;
    say({ words: killed ? says.resumedAfterAll : says.killedAfterAll, done: true });
    await client.invalidateQueries();
  };
  const kill = async () => {
    const answer = await api.kill(workflow.id, reason.trim());
    const said = says.effective(
      answer.effect_ms ?? null,
      answer.frozen,
      answer.leases_voided,
      answer.deliveries_held,
    );
    const silent = answer.hubs.filter((hub) => !hub.stopped).length;
    return silent > 0 ? `${said} · ${says.stillSending(silent, answer.hubs.length)}` : said;
  };
  const resume = async () => {
    const answer = await api.resume(workflow.id, reason.trim());
    const said = says.resumed(stageName(answer.stage), answer.returned, answer.stayed_out);
    return answer.stayed_out_is_final ? said : `${said} ${says.stillLooking}`;
  };

  const [press, hold, doing] = killed
    ? [says.resume, says.holdToResume, says.resuming]
    : [says.kill, says.holdToKill, says.killing];
  return (
    <Dialog
      title={(killed ? says.resumeTitle : says.killTitle)(workflow.name)}
      onClose={onClose}
      initialFocus={field}
    >
      <p className="dialog-lead" dir="auto">
        {killed
          ? says.resumeLead(
              longSpan(api.now() - Date.parse(workflow.killed_at ?? "")),
              workflow.killed_by ?? "",
              workflow.killed_reason ?? "",
            )
          : says.killLead}
      </p>
      <label className="field">
        {says.why}
        <input
          ref={field}
          dir="auto"
          value={reason}
          disabled={said?.done}
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      {!said?.done && (
        <>
          <label className="field">
            <span>
              {says.typeBefore}
              <code>{workflow.id}</code>
              {says.typeAfter}
            </span>
            <input
              value={typed}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setTyped(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter" && !event.repeat && matches) void act();
              }}
            />
          </label>
          <div className="dialog-end">
            <button type="button" className="quiet" onClick={onClose}>
              {says.cancel}
            </button>
            <HoldButton
              className={killed ? "hold-button" : "hold-button red"}
              onDone={() => void act()}
              at={matches}
            >
              {busy ? doing : matches ? press : hold}
            </HoldButton>
          </div>
        </>
      )}
      <p className={said?.done ? "dialog-result done" : "dialog-result"} role="status">
        {said?.words}
      </p>
      {said?.done && (
        <div className="dialog-end">
          <button
            type="button"
            className="primary"
            ref={(button) => button?.focus()}
            onClick={onClose}
            // The key that did it may still be down: what came of it is to be seen.
            onKeyDown={(event) => event.repeat && event.preventDefault()}
          >
            {says.close}
          </button>
        </div>
      )}
    </Dialog>
  );
}
