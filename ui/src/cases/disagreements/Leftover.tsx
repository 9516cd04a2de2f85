import { useWords } from "../../words";
import type { Form } from "./form";

/** What was being typed when somebody else settled it: to be copied, or let go. */
export function Leftover({ form, discard }: { form: Form; discard: () => void }) {
  const says = useWords().disagreements;
  return (
    <section className="disagreements-form" aria-label={says.form} data-testid="leftover">
      <p role="status">{says.meanwhile}</p>
      {form.text !== undefined && (
        <label className="field">
          {says.text}
          <textarea readOnly dir="auto" rows={4} value={form.text} />
        </label>
      )}
      <label className="field">
        {says.note}
        <textarea readOnly dir="auto" rows={2} value={form.note} />
      </label>
      <div className="dialog-end">
        <button type="button" className="quiet" onClick={discard}>
          {says.discard}
        </button>
      </div>
    </section>
  );
}
