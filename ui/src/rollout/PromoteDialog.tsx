import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { type Api, ApiError } from "../api/client";
import type { Gate, Me, Workflow } from "../api/types";
import { Dialog } from "../kit/dialog";
import { Key } from "../kit/keys";
import { isUnanswered, useFindOut } from "../shared/unanswered";
import { reasonOf, stageName } from "../shared/words";
import { useWords } from "../words";
import { movedBetween, promotionOf, shortHash } from "./gate";
import { RestsOn } from "./RestsOn";

interface Props {
  workflow: Workflow;
  gate: Gate;
  /** Whether the pack asks for two signatures. */
  takesTwo: boolean;
  me: Me;
  api: Api;
  onClose: () => void;
}

interface Said {
  words: string;
  done: boolean;
  moved?: string[];
}

/** What a promotion rests on, why, and the signature. */
export function PromoteDialog({ workflow, gate, takesTwo, me, api, onClose }: Props) {
  const says = useWords().gate;
  const cancel = useWords().shared;
  const client = useQueryClient();
  const findOut = useFindOut();
  const field = useRef<HTMLInputElement>(null);
  // The gate moves on under the dialog; what is signed is what stands here.
  const [seen, see] = useState(gate);
  const [was] = useState(workflow);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [said, say] = useState<Said | null>(null);
  const { ready: signable, second } = promotionOf(seen, was, me);
  const onePerson = takesTwo && me.owner;
  const ready = signable && !onePerson;

  const sign = async () => {
    if (busy || said?.done || !ready) return;
    if (!reason.trim()) {
      say({ words: says.sayWhy, done: false });
      field.current?.focus();
      return;
    }
    setBusy(true);
    try {
      const moved = await api.promote(workflow.id, { reason: reason.trim(), to: seen.to, report: seen.hash });
      const words = moved.waits_for_second_signature
        ? says.signedWaits
        : says.promotedTo(stageName(moved.stage), shortHash(moved.report ?? seen.hash));
      say({ words, done: true });
      await client.invalidateQueries();
    } catch (error) {
      if (isUnanswered(error)) return void lookWhether(reasonOf(error));
      say(await refused(error));
    } finally {
      setBusy(false);
    }
  };

  const lookWhether = async (why: string) => {
    say({ words: cancel.notKnownYet(why), done: false });
    let signed = false;
    const found = await findOut(async () => {
      if ((await api.workflow(workflow.id)).stage === seen.to) return true;
      signed = takesTwo && !second && (await api.gate(workflow.id)).signed_by === me.subject;
      return signed;
    });
    if (found === "unknown") say({ words: cancel.stillUnknown, done: false });
    if (found === "not_done") say({ words: says.notMoved(stageName(seen.stage)), done: false });
    if (found !== "done") return;
    say({ words: signed ? says.signedWaits : says.promotedAfterAll(stageName(seen.to ?? "")), done: true });
    await client.invalidateQueries();
  };

  const refused = async (error: unknown): Promise<Said> => {
    const code = error instanceof ApiError ? error.code : "";
    if (code === "workflow_killed") {
      void client.invalidateQueries();
      return { words: says.killedMeanwhile, done: false };
    }
    const changed = code === "content_changed";
    if (!changed && code !== "gate_not_green")
      return { words: says.promoteFailed(reasonOf(error)), done: false };
    try {
      const now = await client.fetchQuery({
        queryKey: ["gate", workflow.id],
        queryFn: () => api.gate(workflow.id),
        staleTime: 0,
      });
      const moved = movedBetween(seen, now);
      see(now);
      void client.invalidateQueries({ queryKey: ["gate-plan", workflow.id] });
      // What has changed is shown before it is signed.
      if (changed) return { words: says.reportChanged(now.summary.reviewed), done: false, moved };
      return { words: says.notGreen, done: false, moved: moved.length > 0 ? moved : [reasonOf(error)] };
    } catch {
      return { words: says.notGreen, done: false, moved: [reasonOf(error)] };
    }
  };

  return (
    <Dialog title={says.promoteTitle(workflow.name)} onClose={onClose} initialFocus={field}>
      <p className="dialog-move">{says.fromTo(stageName(seen.stage), stageName(seen.to ?? ""))}</p>
      <RestsOn gate={seen} />
      {takesTwo && !second && !said?.done && (
        <p className="dialog-hint">{onePerson ? says.takesTeamHub : says.takesTwo}</p>
      )}
      <label className="field">
        {cancel.why}
        <input
          ref={field}
          dir="auto"
          maxLength={2000}
          value={reason}
          disabled={said?.done}
          onChange={(event) => setReason(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.repeat || event.nativeEvent.isComposing) return;
            event.preventDefault();
            void sign();
          }}
        />
      </label>
      <div role="status">
        <p className={said?.done ? "dialog-result done" : "dialog-result"}>{said?.words}</p>
        {said?.moved && said.moved.length > 0 && (
          <ul className="dialog-moved" aria-label={says.whatMoved}>
            {said.moved.map((line) => (
              <li key={line} dir="auto">
                {line}
              </li>
            ))}
          </ul>
        )}
      </div>
      <div className="dialog-end">
        {said?.done ? (
          <button type="button" className="primary" ref={(button) => button?.focus()} onClick={onClose}>
            {cancel.close}
          </button>
        ) : (
          <>
            <button type="button" className="quiet" onClick={onClose}>
              {cancel.cancel}
            </button>
            <button
              type="button"
              className="primary"
              aria-disabled={!ready || busy}
              onClick={() => void sign()}
            >
              {busy ? says.signing : second ? says.signSecond : takesTwo ? says.signFirst : says.promote}{" "}
              <Key press="Enter" />
            </button>
          </>
        )}
      </div>
    </Dialog>
  );
}
