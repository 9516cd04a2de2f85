import type { Diff, Grade } from "../api/types";
import { useKeys } from "../kit/keys";
import { isCommand } from "./guard";
import { GRADES } from "./words";

interface Props {
  diff: Diff | null;
  /** The diff could not be fetched. */
  away: boolean;
  changed: boolean;
  chosen: Grade | undefined;
  onChoose: (grade: Grade) => void;
}

/** How much was changed and what kind of change it is: suggested by the hub, confirmed or overruled with one key. */
export function GradeChips({ diff, away, changed, chosen, onChoose }: Props) {
  const suggested = changed ? diff?.suggested_grade : undefined;
  const grade = chosen ?? suggested;
  useKeys(
    Object.fromEntries(
      GRADES.flatMap(({ grade: one }, i) => [
        [
          `Alt+Digit${i + 1}`,
          (event: KeyboardEvent) => {
            event.preventDefault();
            onChoose(one);
          },
        ],
        [`${i + 1}`, (event: KeyboardEvent) => isCommand(event) && onChoose(one)],
      ]),
    ),
  );
  return (
    <div className="grade">
      <span className="grade-words" aria-live="polite">
        {words(diff, away, changed)}
      </span>
      <div
        className="chips"
        data-testid="grade-chips"
        role="radiogroup"
        aria-label="What kind of edit this is"
      >
        {GRADES.map(({ grade: one, says }, i) => (
          // biome-ignore lint/a11y/useSemanticElements: a chip with its key on it
          <button
            key={one}
            type="button"
            role="radio"
            aria-checked={grade === one}
            className={grade === one ? "chip on" : "chip"}
            title={`${says} (Alt ${i + 1} while typing)`}
            data-grade={one}
            onClick={() => onChoose(one)}
          >
            <kbd>{i + 1}</kbd>
            {one}
          </button>
        ))}
      </div>
    </div>
  );
}

function words(diff: Diff | null, away: boolean, changed: boolean): string {
  if (!changed) return "Nothing changed yet.";
  if (away) return "The changes can't be counted while the hub is away. This edit is";
  const share = Math.round((diff?.edit_ratio ?? 0) * 100);
  return `You changed ${share === 0 && diff && diff.edit_ratio > 0 ? "under 1" : share}% of the words. This edit is`;
}
