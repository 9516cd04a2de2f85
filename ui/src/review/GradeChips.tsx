import type { Diff, Grade } from "../api/types";
import { useKeys } from "../kit/keys";
import { useWords, type Words } from "../words";
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
  const words = useWords();
  const says = words.review;
  const suggested = changed ? diff?.suggested_grade : undefined;
  const grade = chosen ?? suggested;
  useKeys(
    Object.fromEntries(
      GRADES.flatMap((one, i) => [
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
        {share(says, diff, away, changed)}
      </span>
      <div className="chips" data-testid="grade-chips" role="radiogroup" aria-label={says.gradeOf}>
        {GRADES.map((one, i) => (
          // biome-ignore lint/a11y/useSemanticElements: a chip with its key on it
          <button
            key={one}
            type="button"
            role="radio"
            aria-checked={grade === one}
            className={grade === one ? "chip on" : "chip"}
            title={says.gradeKey(says.grades[one], i + 1)}
            data-grade={one}
            onClick={() => onChoose(one)}
          >
            <kbd>{i + 1}</kbd>
            {words.shared.grades[one]}
          </button>
        ))}
      </div>
    </div>
  );
}

function share(says: Words["review"], diff: Diff | null, away: boolean, changed: boolean): string {
  if (!changed) return says.unchanged;
  if (away) return says.uncounted;
  if (!diff) return says.counting;
  return says.changed(Math.round(diff.edit_ratio * 100), diff.edit_ratio > 0);
}
