import { useState } from "react";

const PREFIX = "countersign:incident:";

/**
 * What is typed into a field, null where nobody is typing. It is kept until the hub has it, also over a closed window.
 * `key` must not change.
 */
export function useKept(storage: Storage, key: string) {
  const name = PREFIX + key;
  const [text, setText] = useState(() => storage.getItem(name));
  const keep = (next: string | null) => {
    setText(next);
    if (next === null) storage.removeItem(name);
    else storage.setItem(name, next);
  };
  return [text, keep] as const;
}
