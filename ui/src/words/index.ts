import { local } from "../kit/storage";
import { createStore, useStore } from "../kit/store";
import { de } from "./de";
import { en } from "./en";

/** Everything the console says, by screen. A string, or a function of what it speaks about. */
export type Words = typeof en;

const CATALOGUES: Record<string, Words> = { en, de };
export const LANGUAGES = [
  { code: "en", name: "English" },
  { code: "de", name: "Deutsch" },
] as const;
export type Language = (typeof LANGUAGES)[number]["code"];

const KEY = "countersign:language";

/** The language somebody chose; without a choice the first of the system's that we speak. */
function chosen(): Language {
  const wishes = [local.get(KEY), ...navigator.languages.map((tag) => tag.slice(0, 2))];
  const spoken = wishes.find((wish) => LANGUAGES.some(({ code }) => code === wish));
  return (spoken ?? "en") as Language;
}

export const language = createStore<Language>(chosen());
language.subscribe(() => {
  document.documentElement.lang = language.get();
});
document.documentElement.lang = language.get();

export function speak(next: Language) {
  local.set(KEY, next);
  language.set(next);
}

export function words(): Words {
  return CATALOGUES[language.get()] ?? en;
}

/** Renders again when the language changes. */
export function useWords(): Words {
  return CATALOGUES[useStore(language)] ?? en;
}
