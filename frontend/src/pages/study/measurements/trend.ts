/** The same number in the patient's other studies. */
import type { History } from "../queries";

export type Examined = History["studies"][number];

export interface Point {
  study: Examined;
  value: number;
}

export interface Trend {
  /** By date, this study among them. */
  points: Point[];
  /** Those among them whose difference to this study can be the patient's. */
  alike: Point[];
  current: Point;
  /** The one of them before this study; null where it is the first. */
  previous: Point | null;
  /** To the previous one. */
  difference: number | null;
  /** The same as a share; only where zero means nothing at all, and not of a percentage. */
  share: number | null;
  /** The enhancement differs from the previous study's, and the number depends on it. */
  otherPhase: boolean;
}

/** Slice numbers count from where a scan began; what was scanned of a tissue depends on its length. */
const NOT_COMPARABLE = /^slice_|_slices\.|_scanned_vol_cm3$/;

/** Null where there is nothing to compare with. */
export function trendOf(history: History | undefined, name: string, unit: string): Trend | null {
  if (NOT_COMPARABLE.test(name)) return null;
  const points = (history?.studies ?? []).flatMap((study) => {
    const value = study.values[name];
    return value === undefined ? [] : [{ study, value }];
  });
  const alike = points.filter(({ study }) => study.not_compared === null);
  const at = alike.findIndex(({ study }) => study.current);
  const current = alike[at];
  if (!current || points.length < 2) return null;
  // A study without a date has no place in time.
  const dated = alike.slice(0, at).filter(({ study }) => study.study_date);
  const previous = dated.at(-1) ?? null;
  const difference = previous && current.value - previous.value;
  const hounsfield = unit === "HU";
  const hasShare = unit !== "" && unit !== "%" && !hounsfield;
  const share =
    previous && difference !== null && hasShare && previous.value > 0
      ? difference / previous.value
      : null;
  return {
    points,
    alike,
    current,
    previous,
    difference,
    share,
    otherPhase:
      hounsfield &&
      previous !== null &&
      previous.study.contrast_phase !== current.study.contrast_phase,
  };
}

/** Where the points of a small chart are. */
export function sparkline(
  values: readonly number[],
  width: number,
  height: number,
  margin: number,
): [x: number, y: number][] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = high - low || 1;
  const step = (width - 2 * margin) / Math.max(values.length - 1, 1);
  return values.map((value, n) => [
    margin + n * step,
    high === low ? height / 2 : height - margin - ((value - low) / span) * (height - 2 * margin),
  ]);
}
