import type { Series } from "../api/types";

/** Where a rate's interval runs in a drawing of a given size, 0 at its top left. */
export interface Drawn {
  band: string;
  line: string;
  /** Where the limit is, from the top. */
  limit: number;
  /** The last point: across, and the estimate down. */
  end: { x: number; y: number } | null;
  /** Across, a place for each point. */
  places: { x: number; width: number }[];
}

const DAY_MS = 86_400_000;
/** The limit and the last interval stand well inside; what was wider at the beginning is cut off. */
const ROOM = 1.5;
/** A single day is drawn this wide. */
const STUB = 0.04;

export function draw({ points, limit }: Series, width: number, height: number): Drawn {
  const last = points.at(-1);
  const top = Math.min(1, Math.max(limit, last?.upper ?? 0, 0.001) * ROOM);
  const y = (rate: number) => round(height * (1 - Math.min(1, Math.max(0, rate / top))));
  const times = points.map(({ day }) => Date.parse(`${day}T00:00:00Z`) / DAY_MS);
  const [first = 0] = times;
  const days = Math.max(0, (times.at(-1) ?? 0) - first);
  const x = (i: number) => round(days === 0 ? width : (width * ((times[i] ?? 0) - first)) / days);
  const shown =
    points.length === 1 && points[0]
      ? [
          { ...points[0], x: round(width * (1 - STUB)) },
          { ...points[0], x: width },
        ]
      : points.map((point, i) => ({ ...point, x: x(i) }));
  const known = shown.filter(({ estimate }) => estimate != null);
  const path = (at: string[]) => (at.length > 0 ? `M${at.join("L")}` : "");
  const upper = shown.map((point) => `${point.x} ${y(point.upper)}`);
  const lower = shown.map((point) => `${point.x} ${y(point.lower)}`).reverse();
  // Half-way to the next: the points aren't equally far apart, as days without a review have none.
  const between = (i: number) => round((x(i) + x(i + 1)) / 2);
  const places = points.map((_, i) => {
    const from = i === 0 ? 0 : between(i - 1);
    const to = i === points.length - 1 ? width : between(i);
    return { x: from, width: round(to - from) };
  });
  return {
    band: shown.length > 0 ? `${path([...upper, ...lower])}Z` : "",
    line: path(known.map((point) => `${point.x} ${y(point.estimate ?? 0)}`)),
    limit: y(limit),
    end: last?.estimate != null ? { x: width, y: y(last.estimate) } : null,
    places,
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
