/** Which section the address names, and what it is narrowed to. */

export const SECTIONS = ["audit", "access", "deliveries"] as const;
export type Section = (typeof SECTIONS)[number];

export interface Place {
  section: Section;
  filters: URLSearchParams;
}

/** "deliveries?state=undeliverable&workflow=refunds" */
export function placeOf(id: string | null): Place {
  const [name = "", query = ""] = (id ?? "").split("?", 2);
  const section = SECTIONS.find((one) => one === name) ?? "audit";
  return { section, filters: new URLSearchParams(query) };
}
