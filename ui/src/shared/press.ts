import { isTyping, orphaned } from "../kit/typing";

/** Whether a key press is meant for the screen, not for a field or a dialog, and was pressed, not held down. */
export function isPress(event: KeyboardEvent): boolean {
  return !event.repeat && isStep(event);
}

/** The same for keys that walk a list: those may be held down. */
export function isStep(event: KeyboardEvent): boolean {
  return (
    !event.defaultPrevented && !event.isComposing && !orphaned.get() && !isTyping(event.target) && !inDialog()
  );
}

function inDialog(): boolean {
  return document.querySelector("[role=dialog]") !== null;
}
