import type { KeyboardEvent } from "react";

const STEPS: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

/** In a table whose rows each hold one control: J and K move from one row's to the next one's. */
export function walkRows(event: KeyboardEvent<HTMLElement>) {
  const by = STEPS[event.key];
  if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
  const controls = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-row]")];
  const at = controls.indexOf(event.target as HTMLElement);
  if (at < 0) return;
  event.preventDefault();
  controls[at + by]?.focus();
}
