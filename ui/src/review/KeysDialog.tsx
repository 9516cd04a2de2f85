import { useScreenChoices } from "../frame/commands";
import { Dialog } from "../kit/dialog";
import { Key } from "../kit/keys";
import { useWords, type Words } from "../words";
import { type Command, command } from "./commands";
import { show, useDesk } from "./context";

const GROUPS: Record<keyof Words["review"]["groups"], Command["id"][]> = {
  decide: ["approve", "edit", "send", "escalate", "skip", "undo", "next", "take", "back"],
  read: ["cite", "tools", "diff", "guidelines", "customer"],
  queue: ["down", "up", "search", "ticket", "filter", "saved", "all", "judgeExpired", "sort", "queue"],
  everywhere: ["palette", "keys", "day", "kill"],
};

export function KeysDialog() {
  const { view } = useDesk();
  const says = useWords().review;
  const more: Partial<Record<string, { title: string; press?: string }[]>> = {
    decide: [
      { title: says.moreKeys.gradeTyping, press: "Alt+1…4" },
      { title: says.moreKeys.grade, press: "1…4" },
      { title: says.moreKeys.leave, press: "Esc" },
      { title: says.moreKeys.takeEscalation, press: "Shift+T" },
      { title: says.moreKeys.settle, press: "$mod+Enter" },
    ],
    everywhere: useScreenChoices(),
  };
  return (
    <Dialog title={says.keys} wide onClose={() => show(view, { dialog: null })}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what may have to be scrolled must be reachable by keys */}
      <div className="keys" tabIndex={0}>
        {Object.entries(GROUPS).map(([group, ids]) => (
          <section key={group} aria-label={says.groups[group as keyof typeof GROUPS]}>
            <h3>{says.groups[group as keyof typeof GROUPS]}</h3>
            <dl>
              {[
                ...ids.map((id) => ({ title: says.commands[id], press: command(id).press })),
                ...(more[group] ?? []),
              ].map(
                ({ title, press }) =>
                  press && (
                    <div key={title}>
                      <dt>
                        <Key press={press} />
                      </dt>
                      <dd>{title}</dd>
                    </div>
                  ),
              )}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
