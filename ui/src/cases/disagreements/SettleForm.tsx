import { useEffect, useRef, useState } from "react";
import { type Api, ApiError } from "../../api/client";
import type { Disagreement, Draft, Workflow } from "../../api/types";
import { Key, useKeys } from "../../kit/keys";
import { isPress } from "../../shared/press";
import { reasonOf } from "../../shared/words";
import { useWords } from "../../words";
import { labelWords } from "../Outcome";
import { Chips } from "./Chips";
import { useSettle, useTypedDiff } from "./data";
import { type Form, isBlank, missing, PICKS, settlingOf, startText, type Whose } from "./form";
import { OwnLabel } from "./OwnLabel";
import { PRESS } from "./useCommands";

interface Props {
  one: Disagreement;
  draft: Draft | undefined;
  form: Form;
  keep: (form: Form | null) => void;
  api: Api;
  workflow: Workflow | undefined;
  onSettled: (one: Disagreement) => void;
}

/** Whose label it becomes, and why. Nothing in it is lost before the hub has it. */
export function SettleForm({ one, draft, form, keep, api, workflow, onSettled }: Props) {
  const { disagreements: says } = useWords();
  const { settle, renew } = useSettle(api);
  const note = useRef<HTMLTextAreaElement>(null);
  const own = useRef<HTMLButtonElement>(null);
  const [busy, setBusy] = useState(false);
  const [said, say] = useState("");
  const before = draft?.draft.text ?? "";
  const text = form.text ?? startText(one, before);
  const edits = form.pick === "own" && form.action === "edit";
  const diff = useTypedDiff(api, one.draft_id, text, edits);
  const grade = form.grade ?? (text === before ? undefined : diff.data?.suggested_grade);

  const { pick } = form;
  useEffect(() => (pick === "own" ? own : note).current?.focus(), [pick]);

  const set = (change: Partial<Form>) => {
    say("");
    keep({ ...form, ...change });
  };
  const close = () => {
    keep(isBlank(form) ? null : { ...form, closed: true });
    document.querySelector<HTMLElement>("[data-testid=disagreements]")?.focus();
  };
  useKeys({
    Escape: (event) => {
      if (!isPress(event)) return;
      event.preventDefault();
      close();
    },
  });

  const send = async () => {
    if (busy || !draft) return;
    const lacks = missing(form, text, before);
    if (lacks) {
      say(says.missing[lacks]);
      if (lacks === "note") note.current?.focus();
      return;
    }
    setBusy(true);
    say("");
    try {
      const settled = await settle(one, settlingOf(form, text));
      keep(null);
      onSettled(settled);
    } catch (error) {
      say(says.refused(reasonOf(error)));
      setBusy(false);
      // Somebody else was first, or nothing is left to settle: the list knows.
      if (error instanceof ApiError && [404, 409].includes(error.status)) void renew();
    }
  };

  const label =
    pick === "own"
      ? form.action && {
          action: form.action,
          grade: form.action === "edit" ? grade : undefined,
          reasons: form.action === "escalate" ? form.reasons : [],
        }
      : one[pick];
  return (
    <section
      className="disagreements-form"
      aria-label={says.form}
      data-testid="settle"
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return;
        if (event.key === "Escape") {
          event.preventDefault();
          close();
        }
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat) return;
        event.preventDefault();
        void send();
      }}
    >
      <header>
        <Chips
          label={says.which}
          chips={PICKS.map((id) => ({ id, press: PRESS[id], label: says.names[id] }))}
          isOn={(id) => id === pick}
          onPress={(id) => set({ pick: id as Whose })}
        />
        <button type="button" className="plain-button" onClick={close}>
          <Key press="Esc" /> {says.closes}
        </button>
      </header>
      {pick === "own" && draft && (
        <OwnLabel
          one={one}
          draft={draft}
          form={form}
          set={set}
          text={text}
          diff={diff}
          grade={grade}
          workflow={workflow}
          field={own}
          note={note}
        />
      )}
      <label className="field">
        {says.why}
        <textarea
          ref={note}
          dir="auto"
          rows={2}
          maxLength={4000}
          placeholder={says.whyHint}
          readOnly={busy}
          value={form.note}
          onChange={(event) => set({ note: event.target.value })}
        />
      </label>
      <div className="disagreements-send">
        <p role="status" className="fail">
          {said}
        </p>
        <button type="button" className="primary" aria-disabled={busy} onClick={() => void send()}>
          <span>{busy ? says.busy : label ? says.do(labelWords(label, workflow)) : says.doNothing}</span>{" "}
          <Key press="$mod+Enter" />
        </button>
      </div>
    </section>
  );
}
