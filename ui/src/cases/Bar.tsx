import type { ReactNode } from "react";
import { useWords } from "../words";
import { SECTIONS, type Section, sectionAt } from "./place";

interface Props {
  section: Section;
  /** What stands beside a section's name. */
  counts: Partial<Record<Section, string>>;
  children?: ReactNode;
}

/** The screen's bar: its parts by name, and what can be done in this one. */
export function Bar({ section, counts, children }: Props) {
  const { cases, disagreements: says } = useWords();
  return (
    <header className="screen-bar">
      <h1>{cases.title}</h1>
      <nav className="screen-tabs cases-tabs" aria-label={says.tabsLabel}>
        {SECTIONS.map((one, i) => (
          <a
            key={one}
            href={sectionAt(one)}
            aria-current={one === section ? "page" : undefined}
            title={`${says.tabs[one]} · ${i + 1}`}
          >
            {says.tabs[one]} {counts[one] && <span>{counts[one]}</span>}
          </a>
        ))}
      </nav>
      {children}
    </header>
  );
}
