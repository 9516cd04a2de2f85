import { type FormEvent, useState } from "react";
import { Dialog } from "../kit/dialog";
import { useKeys } from "../kit/keys";
import { useWords } from "../words";
import { show, useDesk, useView } from "./context";
import { useWorkflows } from "./data";
import { MAX_SAVED, NO_FILTERS, type SavedFilter } from "./filters";
import { isCommand } from "./guard";
import { filterWords } from "./words";

/** Filters by name: a digit recalls one, the present one can be kept. */
export function SavedDialog() {
  const { view, saved } = useDesk();
  const says = useWords().review;
  const workflows = useWorkflows();
  const filters = useView((now) => now.filters);
  const [list, setList] = useState(() => saved.list());
  const [name, setName] = useState("");
  const close = () => show(view, { dialog: null });
  const recall = (one: SavedFilter | undefined) => {
    if (one) show(view, { dialog: null, filters: one.filters, queueOpen: true });
  };
  useKeys(
    Object.fromEntries(
      Array.from({ length: MAX_SAVED }, (_, i) => [
        `${i + 1}`,
        (event: KeyboardEvent) => isCommand(event) && recall(list[i]),
      ]),
    ),
  );
  const inWords = (one: SavedFilter["filters"]) =>
    filterWords(one, (id) => workflows?.find((workflow) => workflow.id === id)?.name);
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (!name.trim()) return;
    setList(saved.save({ name: name.trim(), filters }));
    setName("");
  };
  return (
    <Dialog title={says.savedTitle} onClose={close}>
      <p className="dialog-lead">{list.length > 0 ? says.savedLead : says.noneSaved}</p>
      <ul className="reasons">
        {list.map((one, i) => (
          <li key={one.name} className="saved">
            <button type="button" className="reason" onClick={() => recall(one)}>
              <kbd>{i + 1}</kbd>
              <bdi className="saved-name">{one.name}</bdi>
              <span className="to" title={inWords(one.filters)}>
                {inWords(one.filters)}
              </span>
            </button>
            <button
              type="button"
              className="link-button"
              aria-label={says.savedDelete(one.name)}
              onClick={() => setList(saved.remove(one.name))}
            >
              {says.delete}
            </button>
          </li>
        ))}
      </ul>
      {filters === NO_FILTERS ? (
        list.length > 0 && <p className="dialog-hint">{says.nothingToSave}</p>
      ) : (
        <form onSubmit={save}>
          <label className="field">
            {says.saveAs(inWords(filters))}
            <input value={name} maxLength={60} onChange={(event) => setName(event.target.value)} />
          </label>
          <div className="dialog-end">
            <button type="submit" className="primary" disabled={!name.trim()}>
              {says.save}
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
