import { type RefObject, useEffect, useRef } from "react";
import type { Action, Disagreement, Draft, Grade, Workflow } from "../../api/types";
import { share } from "../../shared/numbers";
import { useWords } from "../../words";
import { gradeName } from "../Outcome";
import { Ops } from "../Texts";
import { Chips } from "./Chips";
import type { useTypedDiff } from "./data";
import { type Form, withBreaksOf } from "./form";

/** The keys are those of Review. */
const ACTIONS = { approve: "a", edit: "e", escalate: "x" } as const;
const GRADES: Grade[] = ["cosmetic", "material", "factual", "citation"];

interface Props {
  one: Disagreement;
  draft: Draft;
  form: Form;
  set: (change: Partial<Form>) => void;
  text: string;
  diff: ReturnType<typeof useTypedDiff>;
  /** What was chosen, or what the hub suggests. */
  grade: Grade | undefined;
  workflow: Workflow | undefined;
  field: RefObject<HTMLButtonElement | null>;
  note: RefObject<HTMLTextAreaElement | null>;
}

/** A label that is neither reviewer's: the decision, and what belongs to it. */
export function OwnLabel(props: Props) {
  const { form, set, workflow, field, note } = props;
  const { disagreements: says } = useWords();
  const text = useRef<HTMLTextAreaElement>(null);
  const reason = useRef<HTMLButtonElement>(null);
  const { action } = form;
  // What the decision asks for next has the focus, but only after it was made here.
  const chosen = useRef<Action | null>(null);
  useEffect(() => {
    if (chosen.current !== action) return;
    chosen.current = null;
    const next = { approve: note, edit: text, escalate: reason }[action as Action];
    next.current?.focus();
  }, [action, note]);
  const choose = (id: string) => {
    if (id === action) return;
    chosen.current = id as Action;
    set({ action: id as Action });
  };
  const toggle = (code: string) => {
    const on = form.reasons.includes(code);
    set({ reasons: on ? form.reasons.filter((one) => one !== code) : [...form.reasons, code] });
    // One is nearly always enough; the others are one Shift+Tab away.
    if (!on) note.current?.focus();
  };
  const reasons = workflow?.reasons ?? [];
  return (
    <div className="disagreements-own">
      <Chips
        label={says.ownDecision}
        chips={(Object.keys(ACTIONS) as Action[]).map((id) => ({
          id,
          press: ACTIONS[id],
          label: says.decide[id],
        }))}
        isOn={(id) => id === action}
        onPress={choose}
        start={field}
      />
      {action === "edit" && <OwnText {...props} field={text} />}
      {action === "escalate" &&
        (reasons.length > 0 ? (
          <Chips
            label={says.reasonsOf}
            chips={reasons.map(({ code, key, label }) => ({ id: code, press: key, label }))}
            isOn={(code) => form.reasons.includes(code)}
            onPress={toggle}
            start={reason}
          />
        ) : (
          <p className="cases-note">{says.noReasons}</p>
        ))}
    </div>
  );
}

type TextProps = Omit<Props, "field"> & { field: RefObject<HTMLTextAreaElement | null> };

/** The text that should have been sent, beside what it changes in the draft. */
function OwnText({ one, draft, set, text, diff, grade, field }: TextProps) {
  const { disagreements: says, cases } = useWords();
  const before = draft.draft.text;
  const starts = [
    { name: says.draft, text: before },
    { name: says.names.first, text: one.first.final_text },
    { name: says.names.second, text: one.second.final_text },
  ];
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Alt and a digit grade while somebody types
    <div
      className="disagreements-edit"
      onKeyDown={(event) => {
        const digit = event.altKey && /^Digit([1-4])$/.exec(event.code)?.[1];
        if (!digit) return;
        event.preventDefault();
        set({ grade: GRADES[Number(digit) - 1] });
      }}
    >
      <label className="field">
        {says.text}
        <textarea
          ref={field}
          dir="auto"
          rows={7}
          value={text}
          onChange={(event) => set({ text: withBreaksOf(before, event.target.value) })}
        />
      </label>
      <div>
        <p className="disagreements-against">
          {says.against}
          <span aria-live="polite">
            {diff.isError ? says.diffAway : diff.data && cases.changedWords(share(diff.data.edit_ratio))}
          </span>
        </p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keys */}
        <section className="cases-diff disagreements-diff" dir="auto" tabIndex={0} aria-label={says.against}>
          {diff.data && <Ops ops={diff.data.ops} />}
        </section>
      </div>
      <p className="disagreements-starts">
        {says.startFrom}
        {starts.map(
          ({ name, text: start }) =>
            start != null && (
              <button
                key={name}
                type="button"
                className="link-button"
                onClick={() => {
                  set({ text: start });
                  field.current?.focus();
                }}
              >
                {name}
              </button>
            ),
        )}
      </p>
      <Chips
        label={says.gradeOf}
        chips={GRADES.map((id, i) => ({
          id,
          press: `${i + 1}`,
          label: gradeName(id),
          title: says.gradeTitle(gradeName(id), i + 1),
        }))}
        isOn={(id) => id === grade}
        onPress={(id) => set({ grade: id as Grade })}
      />
    </div>
  );
}
