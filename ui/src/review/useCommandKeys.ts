import { useMemo } from "react";
import type { DraftRow } from "../api/types";
import { useKeys } from "../kit/keys";
import { useOffer } from "../kit/offers";
import { orphaned } from "../kit/typing";
import { useWords } from "../words";
import { COMMANDS, type Command } from "./commands";
import { type Desk, useDesk } from "./context";
import { isCommand } from "./guard";

/** Binds every command's key and offers it by name. A field, an open dialog or a key held down swallows it. */
export function useCommandKeys(rows: DraftRow[], mayKill: boolean) {
  const desk = useDesk();
  desk.move = (by) => {
    const at = rows.findIndex((row) => row.id === desk.session.state.get().shown?.id);
    const to = rows[at < 0 ? 0 : at + by];
    if (to) desk.session.select(to.id);
  };
  desk.mayKill = () => mayKill;
  const says = useWords().review;
  // The menu bar of the desktop has them too.
  useOffer(
    useMemo(
      () =>
        COMMANDS.filter(({ id }) => id !== "kill" || mayKill).map((command) => ({
          id: command.id,
          title: says.commands[command.id],
          press: command.press,
          run: () => {
            // A kill waits for no other dialog.
            const free = desk.view.get().dialog === null || command.id === "kill";
            if (free && command.enabled(desk)) command.run(desk);
          },
        })),
      [desk, says, mayKill],
    ),
  );
  useKeys(
    Object.fromEntries(
      COMMANDS.flatMap((command) =>
        bindings(command).map((press) => [press, (event: KeyboardEvent) => runOn(event, command, desk)]),
      ),
    ),
  );
}

/** On some keyboards these two need Shift, on others they don't. */
function bindings({ press }: Command): string[] {
  if (!press) return [];
  return press === "?" || press === "/" ? [press, `Shift+${press}`] : [press];
}

function runOn(event: KeyboardEvent, command: Command, desk: Desk) {
  const wanted = command.inFields
    ? !event.repeat && !event.defaultPrevented
    : isCommand(event) || isStep(event, command);
  if (!wanted || desk.view.get().dialog !== null) return;
  if (!command.enabled(desk)) return;
  event.preventDefault();
  command.run(desk);
}

/** Walking the queue is the one thing a held key may do. */
function isStep(event: KeyboardEvent, { id }: Command): boolean {
  return (
    (id === "down" || id === "up") &&
    event.repeat &&
    !event.defaultPrevented &&
    !orphaned.get() &&
    event.target === document.body
  );
}
