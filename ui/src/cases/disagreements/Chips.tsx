import type { Ref } from "react";

export interface Chip {
  id: string;
  /** The key on it. */
  press: string;
  label: string;
  title?: string;
}

interface Props {
  label: string;
  chips: Chip[];
  isOn: (id: string) => boolean;
  onPress: (id: string) => void;
  /** Where the focus begins: what is chosen already, else the first. */
  start?: Ref<HTMLButtonElement>;
}

/** A row of choices, each with its key. While one of them has the focus, the keys are theirs. */
export function Chips({ label, chips, isOn, onPress, start }: Props) {
  const begin = Math.max(
    chips.findIndex(({ id }) => isOn(id)),
    0,
  );
  return (
    <fieldset
      className="disagreements-chips"
      aria-label={label}
      onKeyDown={(event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
        const chip = chips.find(({ press }) => press.toLowerCase() === event.key.toLowerCase());
        if (!chip) return;
        event.preventDefault();
        onPress(chip.id);
      }}
    >
      {chips.map(({ id, press, label, title }, i) => (
        <button
          key={id}
          ref={i === begin ? start : undefined}
          type="button"
          aria-pressed={isOn(id)}
          className={isOn(id) ? "disagreements-chip on" : "disagreements-chip"}
          title={title}
          data-chip={id}
          onClick={() => onPress(id)}
        >
          <kbd>{press.toUpperCase()}</kbd>
          <span dir="auto">{label}</span>
        </button>
      ))}
    </fieldset>
  );
}
