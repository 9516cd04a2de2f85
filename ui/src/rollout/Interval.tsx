import type { Series, Status } from "../api/types";
import { utcDay } from "../shared/dates";
import { limit, percent } from "../shared/numbers";
import { useWords } from "../words";
import { draw } from "./interval";

const WIDTH = 220;
const HEIGHT = 30;

/** A rate's interval day by day, narrowing, against its limit. It stretches with its column. */
export function Interval({ series, status }: { series: Series; status: Status }) {
  const says = useWords().gate;
  const { points } = series;
  const drawn = draw(series, WIDTH, HEIGHT);
  const [first, last] = [points[0], points.at(-1)];
  const between = (point: Series["points"][number]) =>
    says.between(percent(point.lower, 1), percent(point.upper, 1));
  const summary =
    first && last
      ? says.interval(
          utcDay(first.day, false),
          utcDay(last.day, false),
          between(first),
          between(last),
          limit(series.limit),
        )
      : says.noSeries;
  return (
    <svg
      className={`interval ${status}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      height={HEIGHT}
      preserveAspectRatio="none"
      role="img"
      aria-label={summary}
    >
      <path className="band" d={drawn.band} />
      <line className="limit" x1="0" x2={WIDTH} y1={drawn.limit} y2={drawn.limit} />
      <path className="estimate" d={drawn.line} />
      {drawn.end && (
        <line className="end" x1={drawn.end.x} x2={drawn.end.x} y1={drawn.end.y} y2={drawn.end.y} />
      )}
      {points.map((point, i) => (
        <rect
          key={point.day}
          className="place"
          x={drawn.places[i]?.x}
          width={drawn.places[i]?.width}
          y="0"
          height={HEIGHT}
        >
          <title>
            {says.point(
              utcDay(point.day, false),
              point.estimate == null ? "–" : percent(point.estimate, 1),
              percent(point.lower, 1),
              percent(point.upper, 1),
              point.reviewed,
            )}
          </title>
        </rect>
      ))}
    </svg>
  );
}
