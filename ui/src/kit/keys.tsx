import { useEffect, useRef } from "react";
import { type KeyBindingMap, tinykeys } from "tinykeys";

const MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** A key's name on its cap. "$mod+Shift+K" is how tinykeys writes it. */
export function Key({ press }: { press: string }) {
  return <kbd>{capOf(press)}</kbd>;
}

export function capOf(press: string): string {
  const words: Record<string, string> = MAC
    ? { $mod: "⌘", Shift: "⇧", Alt: "⌥", Enter: "↵" }
    : { $mod: "Ctrl", Enter: "↵" };
  const parts = press
    .split("+")
    .map((part) => words[part] ?? (part.length === 1 ? part.toUpperCase() : part));
  return parts.join(MAC ? "" : " ");
}

/** Binds keys on the window; the map may change with every render. */
export function useKeys(map: KeyBindingMap) {
  const latest = useRef(map);
  latest.current = map;
  const names = Object.keys(map).join("\n");
  useEffect(() => {
    const stable: KeyBindingMap = {};
    for (const name of names.split("\n")) if (name) stable[name] = (event) => latest.current[name]?.(event);
    return tinykeys(window, stable);
  }, [names]);
}
