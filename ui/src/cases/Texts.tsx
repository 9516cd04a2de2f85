import { useState } from "react";
import type { Api } from "../api/client";
import type { Case, DiffOp, Message } from "../api/types";
import { Key } from "../kit/keys";
import { Inline } from "../kit/prose/inline";
import { Prose } from "../kit/prose/prose";
import { shortMoment } from "../shared/dates";
import { named } from "../shared/words";
import { useWords } from "../words";
import { useDiff } from "./data";

const FIRST = 40;

/** The draft, and for an edit what was sent instead of it, word by word. */
export function Texts({ one, api }: { one: Case; api: Api }) {
  const { cases: says, disagreements } = useWords();
  const edited = one.action === "edit" && one.reference_text != null;
  const fate: Record<string, string> = { approve: says.asItWas, escalate: says.notSent };
  // A settled label says what should have happened, not what did.
  const sent = one.settled ? disagreements.shouldHave : says.sentTitle;
  return (
    <section className="cases-texts" aria-label={edited ? sent : says.draftTitle}>
      <h3>
        {edited ? sent : says.draftTitle}
        {!one.settled && fate[one.action] && <span>{fate[one.action]}</span>}
      </h3>
      {edited ? (
        <Sent draftId={one.draft_id} text={one.reference_text ?? ""} api={api} />
      ) : (
        <Prose text={one.draft.text} format="markdown" />
      )}
    </section>
  );
}

/** What somebody made of the draft's text, word by word. */
export function Sent({ draftId, text, api }: { draftId: string; text: string; api: Api }) {
  const says = useWords().cases;
  const { data, error } = useDiff(api, draftId, text);
  if (!data) {
    return (
      <>
        <Prose text={text} format="plain" />
        {error && <p className="cases-note">{says.diffFailed}</p>}
      </>
    );
  }
  return (
    <>
      <p className="cases-diff" dir="auto">
        <Ops ops={data.ops} />
      </p>
      <p className="cases-note">{says.diffLegend}</p>
    </>
  );
}

export function Ops({ ops }: { ops: DiffOp[] }) {
  return ops.map((op, i) => {
    const words = <Inline text={op.text} />;
    if (op.tag === "insert") return <ins key={i}>{words}</ins>;
    return op.tag === "delete" ? <del key={i}>{words}</del> : <span key={i}>{words}</span>;
  });
}

interface ThreadProps {
  one: Pick<Case, "thread">;
  open: boolean;
  toggle: () => void;
}

/** The conversation, folded until somebody wants it. */
export function Thread({ one, open, toggle }: ThreadProps) {
  const says = useWords().cases;
  const [shown, show] = useState(FIRST);
  const left = one.thread.length - shown;
  return (
    <section className="cases-thread" aria-label={says.thread(one.thread.length)}>
      <h3>
        {says.thread(one.thread.length)}
        <button type="button" className="plain-button" aria-expanded={open} onClick={toggle}>
          {open ? says.hideThread : says.showThread} <Key press="T" />
        </button>
      </h3>
      {open && one.thread.slice(0, shown).map((message, i) => <Said key={i} message={message} />)}
      {open && left > 0 && (
        <button type="button" className="link-button" onClick={() => show(shown + 100)}>
          {says.moreMessages(Math.min(left, 100))}
        </button>
      )}
    </section>
  );
}

function Said({ message }: { message: Message }) {
  const says = useWords().cases;
  const isTool = message.role === "tool" || message.role === "tool_call";
  const text = <Prose text={message.text} format={message.role === "agent" ? "markdown" : "plain"} />;
  return (
    <article className={isTool ? "cases-message cases-call" : "cases-message"}>
      <p className="cases-who">
        <b dir="auto">
          <Inline text={message.name ?? named(says.roles, message.role)} />
        </b>
        {message.at && <time dateTime={message.at}>{shortMoment(message.at)}</time>}
      </p>
      {isTool ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keys
        <section className="cases-tool" tabIndex={0} aria-label={named(says.roles, message.role)}>
          {text}
        </section>
      ) : (
        text
      )}
    </article>
  );
}
