/** Published limits and norms as they are drawn behind a cohort: only those that hold for it. */
import type { Schemas } from "@/api/client";

import { AGE, type View } from "./view";

type Published = Schemas["PublishedLimits"];
type Figure = Schemas["NormFigureOut"];
type Whose = Pick<View, "sex" | "ageFrom" | "ageTo">;

const OLDEST = 120;
const MEDIAN = 50;
const WIDTH_SD = 2;
/** Beside what is drawn, so that it does not lie on the edge of a chart. */
const MARGIN = 0.04;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** What a norm's figures are. */
export type Kind = "limit" | "sd" | "range" | "percentile" | "threshold";

/** From an age to another: two ends of a band, or twice the same for a line. */
export interface Part {
  ageFrom: number;
  ageBelow: number;
  /** At the first age. */
  ends: readonly [number, number];
  /** How far they move with each year. */
  perYear: number;
}

export interface Background {
  /** Which it is in the chart and in the legend. */
  letter: string;
  kind: Kind;
  source: string;
  parts: readonly Part[];
  /** Of a finding's limit. */
  reference: Schemas["ReferenceOut"] | null;
  /** Of a norm: whom it was made from, where it is one group. */
  group: Pick<Figure, "group" | "group_coded"> | null;
  percentiles: readonly number[];
  unenhanced: boolean;
}

export interface Backgrounds {
  shown: readonly Background[];
  /** What has to be chosen for more of them to hold. */
  waits: { sex: boolean; age: boolean };
}

type Drawn = Omit<Background, "letter">;

/** Those that hold for everybody in the cohort; against the age, each at the ages it is for. */
export function backgroundsOf(
  published: Published | undefined,
  view: Whose,
  againstAge: boolean,
  first = 0,
): Backgrounds {
  const waits = { sex: false, age: false };
  const isFor = (sex: "F" | "M" | null) => {
    if (sex === null || sex === view.sex) return true;
    waits.sex ||= view.sex === "";
    return false;
  };
  const holds = (from: number, below: number, perYear = 0) => {
    if (againstAge) return true;
    if (view.ageTo !== null && view.ageTo < from) return false;
    if (view.ageFrom !== null && view.ageFrom >= below) return false;
    const adults = from <= 18 && below > OLDEST;
    const within =
      view.ageFrom !== null && view.ageTo !== null && view.ageFrom >= from && view.ageTo < below;
    const is = perYear === 0 && (adults || within);
    waits.age ||= !is;
    return is;
  };
  const limits = (published?.references ?? [])
    .filter(({ applies_to: whom }) => whom.bmi_from === null && whom.bmi_below === null)
    .filter(({ applies_to: whom }) => isFor(whom.sex) && holds(whom.age_from, Infinity))
    .map(limitOf);
  const norms = (published?.norms ?? []).flatMap((norm) => {
    const figures = norm.figures
      .filter((one) => one.bmi_from === null && isFor(one.sex))
      .filter((one) => holds(one.age_from, one.age_below, one.per_year));
    return [...byKind(figures)].map(([kind, of]) =>
      normOf(norm.source, kind, againstAge ? of : narrowest(of)),
    );
  });
  const shown = [...limits, ...norms]
    .filter(({ parts }) => parts.length > 0)
    .map((one, at) => ({ ...one, letter: LETTERS[first + at] ?? "" }));
  return { shown, waits };
}

function limitOf(reference: Schemas["ReferenceOut"]): Drawn {
  const bound = reference.low ?? reference.high;
  const { age_from: ageFrom, contrast_phase: phase } = reference.applies_to;
  const part = (ends: number): Part => ({
    ageFrom,
    ageBelow: Infinity,
    ends: [ends, ends],
    perYear: 0,
  });
  return {
    kind: "limit",
    source: reference.source,
    parts: bound === null ? [] : [part(bound)],
    reference,
    group: null,
    percentiles: [],
    unenhanced: phase === "native",
  };
}

/** Percentiles of both sides are the ends of a band. */
function byKind(figures: readonly Figure[]): Map<Kind, Figure[]> {
  const sides = new Set(figures.map(({ percentile }) => percentile && percentile > MEDIAN));
  const percentiles: Kind = sides.has(true) && sides.has(false) ? "range" : "percentile";
  const kinds = new Map<Kind, Figure[]>();
  for (const one of figures) {
    const kind = one.mean !== null ? "sd" : one.percentile !== null ? percentiles : "threshold";
    kinds.set(kind, [...(kinds.get(kind) ?? []), one]);
  }
  return kinds;
}

function normOf(source: string, kind: Kind, figures: readonly Figure[]): Drawn {
  const groups = new Map<string, Figure[]>();
  for (const one of figures) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  const [only, ...others] = groups.values();
  return {
    kind,
    source,
    parts: apart([...groups.values()].flatMap((of) => partsOf(kind, of))),
    reference: null,
    group: others.length === 0 ? (only?.[0] ?? null) : null,
    percentiles: [...new Set(figures.flatMap(({ percentile }) => percentile ?? []))].sort(
      (one, other) => one - other,
    ),
    unenhanced: figures.every((one) => one.unenhanced),
  };
}

/** Of several groups the one of the fewest ages holds. */
function narrowest(figures: readonly Figure[]): Figure[] {
  const width = (one: Figure) => one.age_below - one.age_from;
  const least = Math.min(...figures.map(width));
  return figures.filter((one) => width(one) === least);
}

/** The same along the ages: a wide group is left with those that no narrower one has. */
function apart(parts: readonly Part[]): Part[] {
  const width = (one: Part) => one.ageBelow - one.ageFrom;
  const taken: Part[] = [];
  for (const part of parts.toSorted((one, other) => width(one) - width(other))) {
    let free: Part[] = [part];
    for (const { ageFrom, ageBelow } of taken.filter((one) => width(one) < width(part)))
      free = free.flatMap((one) => without(one, ageFrom, ageBelow));
    taken.push(...free);
  }
  return taken.toSorted((one, other) => one.ageFrom - other.ageFrom);
}

function without(part: Part, from: number, below: number): Part[] {
  if (from >= part.ageBelow || below <= part.ageFrom) return [part];
  const moved = Math.max(below - part.ageFrom, 0) * part.perYear;
  const [low, high] = part.ends;
  return [
    { ...part, ageBelow: from },
    { ...part, ageFrom: below, ends: [low + moved, high + moved] as const },
  ].filter((one) => one.ageFrom < one.ageBelow);
}

function partsOf(kind: Kind, figures: readonly Figure[]): Part[] {
  const [first] = figures;
  if (!first) return [];
  const part = (low: number, high: number, perYear = 0): Part => ({
    ageFrom: first.age_from,
    ageBelow: first.age_below > OLDEST ? Infinity : first.age_below,
    ends: [low, high],
    perYear,
  });
  if (kind === "sd") {
    const [mean, sd] = [first.mean ?? 0, (first.sd ?? 0) * WIDTH_SD];
    return [part(mean - sd, mean + sd, first.per_year)];
  }
  const values = figures.flatMap(({ value, limit }) => value ?? limit ?? []);
  if (kind === "range") return [part(Math.min(...values), Math.max(...values))];
  return values.map((value) => part(value, value));
}

/** Whether a norm has something to say of an axis. */
export function isMeasurement(name: string): boolean {
  return name !== "" && name !== AGE;
}

/** A range with room for what is drawn behind, where that is near enough to leave the data alone. */
export function withRoom(
  [least, greatest]: readonly [number, number],
  backgrounds: readonly Background[],
): [number, number] {
  const reach = (greatest - least) / 2;
  const near = backgrounds
    .flatMap(({ parts }) => parts.flatMap(({ ends }) => ends))
    .filter((end) => end >= least - reach && end <= greatest + reach);
  const margin = reach * MARGIN;
  const ends = near.flatMap((end) => [end - margin, end + margin]);
  return [Math.min(least, ...ends), Math.max(greatest, ...ends)];
}
