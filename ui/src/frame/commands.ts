import type { Native } from "../host";
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

/** How the console looks and what it speaks; on the desktop its size and its menu bar too. */
export function useLookChoices(native: Native | null): Choice[] {
  const { frame: says, desktop } = useWords();
  return [
    ...(native
      ? [
          { id: "zoom-in", title: desktop.larger, press: "$mod+=", run: () => void native.zoom(1) },
          { id: "zoom-out", title: desktop.smaller, press: "$mod+-", run: () => void native.zoom(-1) },
          { id: "zoom-0", title: desktop.usual, press: "$mod+0", run: () => void native.zoom(0) },
          { id: "menu-bar", title: desktop.menuBar, press: "F10", run: () => void native.toggleMenu() },
        ]
      : []),
    { id: "theme", title: says.theme, run: nextTheme },
    ...LANGUAGES.filter(({ code }) => code !== language.get()).map(({ code, name }) => ({
      id: `speak-${code}`,
      title: says.speak(name),
      run: () => speak(code),
    })),
  ];
}
