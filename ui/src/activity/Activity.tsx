import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { ScreenProps } from "../frame/Frame";
import { useKeys } from "../kit/keys";
import { useOffer } from "../kit/offers";
import { go } from "../kit/route";
import { isPress } from "../shared/press";
import { useWords } from "../words";
import { Deliveries } from "./Deliveries";
import { Log } from "./Log";
import { placeOf, SECTIONS } from "./place";
import "./activity.css";

/** What happened: the audit log, who read what, and what was sent. */
export default function Activity({ host, api, id }: ScreenProps) {
  const says = useWords().activity;
  const { section, filters } = placeOf(id);
  const workflows = useQuery({ queryKey: ["workflows"], queryFn: api.workflows }).data ?? [];
  useKeys(
    Object.fromEntries(
      SECTIONS.map((one, i) => [`${i + 1}`, (event: KeyboardEvent) => isPress(event) && go("activity", one)]),
    ),
  );
  const choices = useMemo(
    () =>
      SECTIONS.map((one, i) => ({
        id: `activity-${one}`,
        title: `${says.title}: ${says.sections[one]}`,
        press: `${i + 1}`,
        run: () => go("activity", one),
      })),
    [says],
  );
  useOffer(choices);
  return (
    <div className="screen wide activity">
      <header className="screen-bar">
        <h1>{says.title}</h1>
        <nav className="screen-tabs activity-tabs" aria-label={says.sectionsLabel}>
          {SECTIONS.map((one, i) => (
            <a
              key={one}
              href={`#/activity/${one}`}
              aria-current={one === section ? "page" : undefined}
              title={`${says.sections[one]} · ${i + 1}`}
            >
              {says.sections[one]}
            </a>
          ))}
        </nav>
      </header>
      <main className="screen-main activity-main" aria-label={says.sections[section]}>
        {section === "deliveries" ? (
          <Deliveries key={id} host={host} api={api} workflows={workflows} initial={filters} />
        ) : (
          <Log key={id} host={host} api={api} workflows={workflows} initial={filters} section={section} />
        )}
      </main>
    </div>
  );
}
