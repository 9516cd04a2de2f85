import { Dialog } from "../kit/dialog";
import { Key } from "../kit/keys";
import { COMMANDS } from "./commands";
import { show, useDesk } from "./context";

const MORE: { title: string; press: string }[] = [
  { title: "Grade of the edit, while typing", press: "Alt+1…4" },
  { title: "Grade of the edit, outside the text", press: "1…4" },
  { title: "Leave the editor; the text is kept", press: "Esc" },
];

export function KeysDialog() {
  const { view } = useDesk();
  return (
    <Dialog title="All keys" wide onClose={() => show(view, { dialog: null })}>
      <dl className="keys">
        {[...COMMANDS, ...MORE].map(
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
    </Dialog>
  );
}
