import { useMemo } from "react";
import type { ScreenProps } from "../frame/Frame";
import { useKeys } from "../kit/keys";
import { useOffer } from "../kit/offers";
import { isPress } from "../shared/press";
import { useWords } from "../words";
import { Calm } from "./Calm";
import { Decided } from "./Decided";
import { READERS } from "./data";
import { Disagreements } from "./disagreements/Disagreements";
import { useOpenCount } from "./disagreements/data";
import { placeOf, SECTIONS, type Section, sectionAt } from "./place";
import "./cases.css";

/** What was decided: the cases, and the drafts on which two reviewers differ. */
export default function Cases(props: ScreenProps) {
  const says = useWords().cases;
  const { me } = props;
  const may = me.owner || me.grants.some(({ role }) => READERS.some((reader) => reader === role));
  if (may) return <Sections {...props} />;
  return (
    <div className="screen wide cases">
      <header className="screen-bar">
        <h1>{says.title}</h1>
      </header>
      <main className="cases-main">
        <Calm title={says.barred} text={says.barredText} />
      </main>
    </div>
  );
}

function Sections(props: ScreenProps) {
  const { cases, disagreements: says } = useWords();
  const { section, open } = placeOf(props.id);
  const count = useOpenCount(props.api, props.host);
  const to = (one: Section) => {
    location.hash = sectionAt(one);
  };
  useKeys(
    Object.fromEntries(
      SECTIONS.map((one, i) => [`${i + 1}`, (event: KeyboardEvent) => isPress(event) && to(one)]),
    ),
  );
  useOffer(
    useMemo(
      () =>
        SECTIONS.map((one, i) => ({
          id: `cases-section-${one}`,
          title: `${cases.title}: ${says.tabs[one]}`,
          press: `${i + 1}`,
          run: () => {
            location.hash = sectionAt(one);
          },
        })),
      [cases, says],
    ),
  );
  const Section = section === "decided" ? Decided : Disagreements;
  return <Section {...props} id={open} counts={{ disagreements: count }} />;
}
