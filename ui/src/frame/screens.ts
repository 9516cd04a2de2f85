/** The screens, as the rail, the keys and the palette list them. */
export const SCREENS = [
  { id: "review", press: "$mod+1" },
  { id: "rollout", press: "$mod+2" },
  { id: "cases", press: "$mod+3" },
  { id: "activity", press: "$mod+4" },
  { id: "settings", press: "$mod+5" },
] as const;

export type Screen = (typeof SCREENS)[number]["id"];

export function isScreen(name: string): name is Screen {
  return SCREENS.some(({ id }) => id === name);
}
