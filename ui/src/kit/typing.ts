import { createStore } from "./store";

/** True after a field went away under somebody who typed in it: what they go on typing is no command. */
export const orphaned = createStore(false);

/** Whether the last key went into a field and didn't leave it. */
let typing = false;

const NO_TEXT = ["checkbox", "radio", "button", "submit", "range", "file"];

/** Whether keys go into this element as text. */
export function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  if (!element?.tagName) return false;
  if (NO_TEXT.includes((element as HTMLInputElement).type)) return false;
  return element.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName);
}

/** Keys with which somebody leaves a field, or sends what is in it. */
function leaves({ key, ctrlKey, metaKey, target }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || key === "Escape" || key === "Tab") return true;
  const ofOneLine = ["INPUT", "SELECT"].includes((target as HTMLElement).tagName);
  return ofOneLine && key.length > 1 && !["Backspace", "Delete", "Shift", "Process", "Dead"].includes(key);
}

function onKey(event: KeyboardEvent) {
  if (isTyping(event.target)) {
    typing = !leaves(event);
    orphaned.set(false);
  } else if (event.key === "Escape" || event.key === "Tab") {
    settle();
  } else if (typing) {
    typing = false;
    orphaned.set(true);
  }
}

function settle() {
  typing = false;
  orphaned.set(false);
}

// Before any command hears of them.
addEventListener("keydown", onKey, true);
addEventListener("pointerdown", settle, true);
