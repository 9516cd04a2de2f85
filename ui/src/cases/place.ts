import type { ScreenProps } from "../frame/Frame";

/** Which part of Cases the address names, and what is open in it. */

export const SECTIONS = ["decided", "disagreements"] as const;
export type Section = (typeof SECTIONS)[number];

/** What each section gets: its own part of the address, and what stands beside the sections' names. */
export interface SectionProps extends ScreenProps {
  counts: Partial<Record<Section, string>>;
}

export interface Place {
  section: Section;
  /** The case or the disagreement that is open. */
  open: string | null;
}

/** "0192…", "disagreements" or "disagreements/0192…". Ids are UUIDs of the hub: none reads like the word. */
export function placeOf(id: string | null): Place {
  const [section = "", open] = (id ?? "").split("/", 2);
  if (section !== "disagreements") return { section: "decided", open: id || null };
  return { section, open: open || null };
}

/** Where a section is in the console, or a disagreement in its section. */
export function sectionAt(section: Section): string {
  return section === "decided" ? "#/cases" : `#/cases/${section}`;
}

export function disagreementAt(id: string): string {
  return `${sectionAt("disagreements")}/${encodeURIComponent(id)}`;
}
