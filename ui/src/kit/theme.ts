import { local } from "./storage";
import { createStore } from "./store";

const KEY = "countersign:theme";
const THEMES = ["light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

function chosen(): Theme | null {
  const kept = local.get(KEY);
  return THEMES.find((one) => one === kept) ?? null;
}

/** The theme somebody chose stays; null follows the system's. */
export const theme = createStore<Theme | null>(chosen());

export function applyTheme() {
  const now = theme.get();
  if (now) document.documentElement.dataset.theme = now;
  else delete document.documentElement.dataset.theme;
}

export function chooseTheme(next: Theme | null) {
  if (next) local.set(KEY, next);
  else local.remove(KEY);
  theme.set(next);
  applyTheme();
}

/** Light, dark, as the system, and round again. */
export function nextTheme() {
  const now = theme.get();
  chooseTheme(THEMES[now ? THEMES.indexOf(now) + 1 : 0] ?? null);
}
