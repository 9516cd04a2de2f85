import { utcDay } from "../shared/dates";
import { number } from "../shared/numbers";
import { useWords } from "../words";
import { type Bar, ceiling, SERIES } from "./mix";

const HEIGHT = 148;
/** Between a bar and the next, of its place; between two parts of a bar, in pixels. */
const GAP = 0.24;
const SEAM = 1;
const LABEL_EVERY = 7;

interface Props {
  shown: Bar[];
  at: number | null;
  onPoint: (at: number | null) => void;
}

/** Stacked bars, a day each. Places are shares of the width, so that nothing has to be measured. */
export function Bars({ shown, at, onPoint }: Props) {
  useWords();
  const top = ceiling(Math.max(...shown.map((bar) => bar.total)));
  const ticks = top > 1 ? [top, top / 2] : [top];
  const x = (i: number) => `${(100 * i) / shown.length}%`;
  return (
    <div className="mix-chart" aria-hidden="true">
      <svg width="100%" height={HEIGHT} aria-hidden="true" onPointerLeave={() => onPoint(null)}>
        {ticks.map((tick) => (
          <line key={tick} className="gridline" x1="0" x2="100%" y1={y(tick, top)} y2={y(tick, top)} />
        ))}
        {shown.map((bar, i) => (
          <g key={bar.day} onPointerEnter={() => onPoint(i)}>
            <rect
              className={i === at ? "place on" : "place"}
              x={x(i)}
              width={`${100 / shown.length}%`}
              y="0"
              height={HEIGHT}
            />
            {stack(bar, top).map(({ series, from, height }) => (
              <rect
                key={series}
                className={series}
                x={`${(100 * (i + GAP / 2)) / shown.length}%`}
                width={`${(100 * (1 - GAP)) / shown.length}%`}
                y={from}
                height={height}
              />
            ))}
          </g>
        ))}
        <line className="base" x1="0" x2="100%" y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
      </svg>
      {ticks.map((tick) => (
        <span key={tick} className="mix-tick" style={{ top: y(tick, top) }}>
          {number(tick)}
        </span>
      ))}
      <div className="mix-days">
        {shown.map(
          (bar, i) =>
            (shown.length - 1 - i) % LABEL_EVERY === 0 && (
              <span key={bar.day} style={{ left: `${(100 * (i + 0.5)) / shown.length}%` }}>
                {utcDay(bar.day, false)}
              </span>
            ),
        )}
      </div>
    </div>
  );
}

/** Room above the highest line for its number. */
const HEADROOM = 14;

function y(value: number, top: number): number {
  return Math.round(HEIGHT - (value / top) * (HEIGHT - HEADROOM)) - 0.5;
}

/** The parts of a bar from the ground up. Even one draft among thousands keeps a pixel. */
function stack(bar: Bar, top: number) {
  let ground = HEIGHT - 1;
  return SERIES.filter((series) => bar.counts[series] > 0).map((series) => {
    const height = Math.max(1, (bar.counts[series] / top) * (HEIGHT - HEADROOM) - SEAM);
    ground -= height + SEAM;
    return { series, from: ground + SEAM, height };
  });
}
