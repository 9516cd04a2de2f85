import type { Incident } from "../../api/types";
import { Copy } from "../../kit/copy";
import { Inline } from "../../kit/prose/inline";
import { Prose } from "../../kit/prose/prose";
import { useWords } from "../../words";

/** The button that copies a message, for the command of that name. */
export const copyButton = (i: number) => `incident-copy-${i}`;

/** What the pack would have people told, to copy. */
export function Messages({ messages }: Pick<Incident, "messages">) {
  const says = useWords().incident;
  return (
    <section className="incident-messages">
      <h2>{says.messages}</h2>
      {messages.length === 0 && <p className="rollout-note">{says.noMessages}</p>}
      {messages.map(({ name, text }, i) => (
        <div key={i}>
          <header>
            <h3 dir="auto">
              <Inline text={name} />
            </h3>
            <Copy id={copyButton(i)} text={text} label={says.copyFor(name)} />
          </header>
          <Prose text={text} format="plain" />
        </div>
      ))}
    </section>
  );
}
