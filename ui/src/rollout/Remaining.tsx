import { useId } from "react";
import type { Burn } from "../api/types";
import { utcDay } from "../shared/dates";
import { share } from "../shared/numbers";
import { useWords } from "../words";
import { area } from "./burn";

const WIDTH = 380;
const HEIGHT = 116;
/** Room above the highest line for its number. */
const HEADROOM = 14;

/** What was left of the budget at the end of each day; below nothing it is red. It stretches with its column. */
export function Remaining({ burn }: { burn: Burn }) {
  const says = useWords().gate;
  const clip = useId();
  const { days } = burn;
  const drawn = area(burn, WIDTH, HEIGHT, HEADROOM);
  const [first, last] = [days[0]?.[0], days.at(-1)?.[0]];
  const step = WIDTH / Math.max(1, days.length - 1);
  return (
    <div className="remaining" aria-hidden="true">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} height={HEIGHT} preserveAspectRatio="none" aria-hidden="true">
        <clipPath id={`${clip}over`}>
          <rect x="-2" y="0" width={WIDTH + 4} height={drawn.zero} />
        </clipPath>
        <clipPath id={`${clip}under`}>
          <rect x="-2" y={drawn.zero} width={WIDTH + 4} height={HEIGHT - drawn.zero + 2} />
        </clipPath>
        {drawn.levels.map(({ left, y }) => (
          <line key={left} className={left === 0 ? "base" : "gridline"} x1="0" x2={WIDTH} y1={y} y2={y} />
        ))}
        {["over", "under"].map((side) => (
          <g key={side} className={side} clipPath={`url(#${clip}${side})`}>
            <path className="band" d={drawn.area} />
            <path className="estimate" d={drawn.line} />
          </g>
        ))}
        {days.map(
          ([day, left], i) =>
            day >= (burn.since ?? day) && (
              <rect key={day} className="place" x={(i - 0.5) * step} width={step} y="0" height={HEIGHT}>
                <title>{says.leftOn(utcDay(day), share(left))}</title>
              </rect>
            ),
        )}
      </svg>
      {drawn.levels
        .filter(({ left }) => left !== 0.5)
        .map(({ left, y }) => (
          <span key={left} className="mix-tick" style={{ top: y }}>
            {share(left)}
          </span>
        ))}
      <div className="remaining-days">
        <span>{first && utcDay(first, false)}</span>
        <span>{last && utcDay(last, false)}</span>
      </div>
    </div>
  );
}
