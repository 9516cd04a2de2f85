const KEY = "countersign:theme";
const THEMES = ["light", "dark"];

/** The theme somebody chose stays; without a choice the system's is followed. */
export function applyTheme() {
  const chosen = localStorage.getItem(KEY);
  if (chosen && THEMES.includes(chosen)) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
}

/** Light, dark, as the system, and round again. */
export function nextTheme() {
  const at = THEMES.indexOf(localStorage.getItem(KEY) ?? "");
  const next = at < 0 ? THEMES[0] : THEMES[at + 1];
  if (next) localStorage.setItem(KEY, next);
  else localStorage.removeItem(KEY);
  applyTheme();
}
