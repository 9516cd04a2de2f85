import type { Choice } from "../kit/palette";
import { go } from "../kit/route";
import { nextTheme } from "../kit/theme";
import { LANGUAGES, language, speak, useWords } from "../words";
import { SCREENS } from "./screens";

/** What can be done from every screen: going to another one. */
export function useScreenChoices(): Choice[] {
  const says = useWords().frame;
  return SCREENS.map(({ id, press }) => ({
    id: `go-${id}`,
    title: says.goTo(says[id]),
    press,
    run: () => go(id),
  }));
}

/** How the console looks and what it speaks. */
export function useLookChoices(): Choice[] {
  const says = useWords().frame;
  return [
    { id: "theme", title: says.theme, run: nextTheme },
    ...LANGUAGES.filter(({ code }) => code !== language.get()).map(({ code, name }) => ({
      id: `speak-${code}`,
      title: says.speak(name),
      run: () => speak(code),
    })),
  ];
}
