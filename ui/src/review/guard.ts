import { isTyping, orphaned } from "../kit/typing";

/** Nobody can have read a draft sooner after it came on screen; a second press of a key lands in here. */
export const MIN_LOOK_MS = 250;

export interface Situation {
  /** Held by me, as the hub last said. */
  leased: boolean;
  /** When the draft was painted whole, or null. */
  paintedAt: number | null;
  now: number;
  dialogOpen: boolean;
}

/** Whether a key may decide on the draft that is on screen. */
export function mayDecide({ leased, paintedAt, now, dialogOpen }: Situation): boolean {
  return leased && !dialogOpen && paintedAt !== null && now - paintedAt >= MIN_LOOK_MS;
}

/** Whether a key press is meant for the screen, not for a field, and was pressed, not held down. */
export function isCommand(event: KeyboardEvent): boolean {
  return (
    !event.defaultPrevented &&
    !event.repeat &&
    !event.isComposing &&
    !orphaned.get() &&
    !isTyping(event.target)
  );
}
