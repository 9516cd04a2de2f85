import { useMemo } from "react";
import type { ScreenProps } from "../frame/Frame";
import { useKeys } from "../kit/keys";
import { useOffer } from "../kit/offers";
import { go } from "../kit/route";
import { isStep } from "../shared/press";
import { useWords } from "../words";
import { Access } from "./Access";
import { Appearance } from "./Appearance";
import { Connection } from "./Connection";
import { Keys } from "./Keys";
import { Packs } from "./Packs";
import { Sources } from "./Sources";
import { SECTIONS, sectionAfter, sectionOf } from "./sections";
import "./settings.css";

const PAGES = {
  packs: Packs,
  sources: Sources,
  access: Access,
  connection: Connection,
  appearance: Appearance,
  keys: Keys,
};

export type SectionProps = Omit<ScreenProps, "id">;

export default function Settings({ host, api, me, id }: ScreenProps) {
  const says = useWords().settings;
  const section = sectionOf(id);
  const Page = PAGES[section];
  const step = (by: number) => (event: KeyboardEvent) => {
    if (!isStep(event)) return;
    event.preventDefault();
    go("settings", sectionAfter(section, by));
  };
  useKeys({ j: step(1), k: step(-1), ArrowDown: step(1), ArrowUp: step(-1) });
  useOffer(
    useMemo(
      () =>
        SECTIONS.map((name) => ({
          id: `settings-${name}`,
          title: `${says.title}: ${says.names[name]}`,
          run: () => go("settings", name),
        })),
      [says],
    ),
  );
  return (
    <div className="screen wide">
      <header className="screen-bar">
        <h1 className="settings-title">{says.title}</h1>
      </header>
      <div className="settings">
        <nav className="settings-sections" aria-label={says.sections}>
          {SECTIONS.map((name) => (
            <a
              key={name}
              href={`#/settings/${name}`}
              className={name === section ? "on" : undefined}
              aria-current={name === section ? "page" : undefined}
            >
              {says.names[name]}
            </a>
          ))}
        </nav>
        <main className="settings-page" data-section={section}>
          <h2 className="settings-heading">{says.names[section]}</h2>
          <Page host={host} api={api} me={me} />
        </main>
      </div>
    </div>
  );
}
