/** Whether a key press is meant for the screen, not for a field or a dialog, and was pressed, not held down. */
export function isPress(event: KeyboardEvent): boolean {
  return !event.repeat && isStep(event);
}

/** The same for keys that walk a list: those may be held down. */
export function isStep(event: KeyboardEvent): boolean {
  return !event.defaultPrevented && !event.isComposing && !isTyping(event.target) && !inDialog();
}

function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  if (!element?.tagName) return false;
  // A box to tick takes no text.
  if ((element as HTMLInputElement).type === "checkbox") return false;
  return element.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName);
}

function inDialog(): boolean {
  return document.querySelector("[role=dialog]") !== null;
}
