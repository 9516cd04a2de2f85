import { useMemo, useRef } from "react";
import type { Incident } from "../../api/types";
import { useKeys } from "../../kit/keys";
import { useOffer } from "../../kit/offers";
import { isPress, isStep } from "../../shared/press";
import { useWords } from "../../words";
import { copyButton } from "./Messages";
import { STEP_BOX } from "./Runbook";

/** What can be done with an incident; null for who may not. */
export interface Acts {
  entry: (() => void) | null;
  note: (() => void) | null;
  close: (() => void) | null;
  export: () => void;
  back: () => void;
}

const PRESS = { entry: "a", note: "n", close: "c", export: "e", back: "Escape" } as const;
const NAMES = Object.keys(PRESS) as (keyof Acts)[];

/** Goes to the next box of the runbook, or the one before; from elsewhere to the first that isn't ticked. */
function walk(by: number) {
  const boxes = [...document.querySelectorAll<HTMLInputElement>(`.${STEP_BOX}:enabled`)];
  const here = boxes.indexOf(document.activeElement as HTMLInputElement);
  const to = here < 0 ? (boxes.find((box) => !box.checked) ?? boxes[0]) : boxes[here + by];
  to?.focus();
}

/** The acts by their keys and, in the palette and the menu bar, by their names. */
export function useCommands(incident: Incident, acts: Acts, workflow: string) {
  const says = useWords().incident;
  const latest = useRef(acts);
  latest.current = acts;
  const press = (act: (() => void) | null) => (event: KeyboardEvent) => {
    if (!act || !isPress(event)) return;
    event.preventDefault();
    act();
  };
  const step = (by: number) => (event: KeyboardEvent) => {
    if (!isStep(event)) return;
    event.preventDefault();
    walk(by);
  };
  useKeys({
    ...Object.fromEntries(NAMES.map((name) => [PRESS[name], press(acts[name])])),
    j: step(1),
    k: step(-1),
  });
  const may = NAMES.filter((name) => acts[name] !== null).join();
  const names = JSON.stringify(incident.messages.map(({ name }) => name));
  const ticks = acts.entry !== null && incident.steps.length > 0;
  const { number } = incident;
  useOffer(
    useMemo(() => {
      const titles: Record<keyof Acts, string> = {
        entry: says.addEntry,
        note: says.writeNote,
        close: says.closeTitle(number),
        export: says.exportAll,
        back: says.back(workflow),
      };
      return [
        ...NAMES.filter((name) => may.split(",").includes(name)).map((name) => ({
          id: `incident-${name}`,
          title: titles[name],
          press: name === "back" ? "Esc" : PRESS[name],
          run: () => latest.current[name]?.(),
        })),
        ...(ticks
          ? [
              { id: "incident-next", title: says.nextStep, press: "j", run: () => walk(1) },
              { id: "incident-previous", title: says.previousStep, press: "k", run: () => walk(-1) },
            ]
          : []),
        ...(JSON.parse(names) as string[]).map((name, i) => ({
          id: copyButton(i),
          title: says.copyFor(name),
          run: () => document.getElementById(copyButton(i))?.click(),
        })),
      ];
    }, [says, may, names, ticks, number, workflow]),
  );
}
