import { useEffect, useState } from "react";
import { useStore } from "../kit/store";
import { chooseTheme, theme } from "../kit/theme";
import { LANGUAGES, language, speak, useWords } from "../words";
import type { SectionProps } from "./Settings";

export function Appearance({ host }: SectionProps) {
  const says = useWords().settings.appearance;
  const chosen = useStore(theme);
  const spoken = useStore(language);
  const native = host.native;
  const still = useMedia("(prefers-reduced-motion: reduce)");
  return (
    <>
      <Choices
        name="theme"
        title={says.theme}
        chosen={chosen ?? "system"}
        options={(["light", "dark", "system"] as const).map((one) => [one, says.themes[one]])}
        onChoose={(one) => chooseTheme(one === "system" ? null : one)}
      />
      <Choices
        name="language"
        title={says.language}
        chosen={spoken}
        options={LANGUAGES.map(({ code, name }) => [code, name])}
        onChoose={speak}
      />
      <fieldset className="settings-choices">
        <legend>{says.size}</legend>
        {native ? (
          <p className="settings-zoom">
            <button type="button" className="quiet" onClick={() => void native.zoom(-1)}>
              {says.smaller}
            </button>
            <button type="button" className="quiet" onClick={() => void native.zoom(0)}>
              {says.normal}
            </button>
            <button type="button" className="quiet" onClick={() => void native.zoom(1)}>
              {says.larger}
            </button>
          </p>
        ) : (
          <p className="settings-note">{says.sizeBrowser}</p>
        )}
      </fieldset>
      <section className="settings-choices" aria-label={says.motion}>
        <h3>{says.motion}</h3>
        <p className="settings-note">{still ? says.motionReduced : says.motionFull}</p>
      </section>
      <p className="settings-note">{says.kept}</p>
    </>
  );
}

interface ChoicesProps<T extends string> {
  name: string;
  title: string;
  chosen: T;
  options: (readonly [T, string])[];
  onChoose: (value: T) => void;
}

function Choices<T extends string>({ name, title, chosen, options, onChoose }: ChoicesProps<T>) {
  return (
    <fieldset className="settings-choices">
      <legend>{title}</legend>
      {options.map(([value, label]) => (
        <label key={value} lang={name === "language" ? value : undefined}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={value === chosen}
            onChange={() => onChoose(value)}
          />
          {label}
        </label>
      ))}
    </fieldset>
  );
}

function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const read = () => setHolds(list.matches);
    list.addEventListener("change", read);
    return () => list.removeEventListener("change", read);
  }, [query]);
  return holds;
}
