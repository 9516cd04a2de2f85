/** The sections in their order; each has an address of its own. */
export const SECTIONS = ["packs", "sources", "access", "connection", "appearance", "keys"] as const;

export type Section = (typeof SECTIONS)[number];

export function sectionOf(id: string | null): Section {
  return SECTIONS.find((section) => section === id) ?? "packs";
}

/** The section `by` further on; the list has ends. */
export function sectionAfter(now: Section, by: number): Section {
  const to = Math.min(Math.max(SECTIONS.indexOf(now) + by, 0), SECTIONS.length - 1);
  return SECTIONS[to] ?? now;
}
