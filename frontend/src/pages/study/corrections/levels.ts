/** Which vertebra is which: what a person can say, and what follows for the column. */

/** Head to foot; what a level can be said of (`vertebrae_C1` … `vertebrae_L5`). */
export const LEVELS: readonly string[] = [
  ...numbered("C", 7),
  ...numbered("T", 12),
  ...numbered("L", 5),
];
const PREFIX = "vertebrae_";

function numbered(letter: string, last: number): string[] {
  return Array.from({ length: last }, (_, n) => `${letter}${n + 1}`);
}

/** `L3` → `vertebrae_L3`, as the label maps call it. */
export function structureOf(level: string): string {
  return PREFIX + level;
}

/** `vertebrae_L3` → `L3`; null of everything else. */
export function levelOf(structure: string): string | null {
  const level = structure.startsWith(PREFIX) ? structure.slice(PREFIX.length) : "";
  return LEVELS.includes(level) ? level : null;
}

/** Levels of the structures that are vertebrae, head to foot, each once. */
export function levelsAmong(structures: readonly string[]): string[] {
  const found = new Set(structures.map(levelOf));
  return LEVELS.filter((level) => found.has(level));
}

/** What a vertebra may be, the likeliest first: mistakes are of one level, seldom of more. */
export function choicesFor(level: string): string[] {
  const from = LEVELS.indexOf(level);
  const distance = (other: string) => Math.abs(LEVELS.indexOf(other) - from);
  return LEVELS.filter((other) => other !== level).toSorted(
    (one, other) => distance(one) - distance(other),
  );
}

export interface Move {
  from: string;
  /** Null: there is no name there. */
  to: string | null;
}

/** What each of the present levels becomes when one of them is said to be another. */
export function moves(present: readonly string[], said: string, is: string): Move[] {
  const by = LEVELS.indexOf(is) - LEVELS.indexOf(said);
  return present.map((from) => ({ from, to: LEVELS[LEVELS.indexOf(from) + by] ?? null }));
}

/** By how many levels the column moves; towards the feet it is more than 0. */
export function movedBy(said: string, is: string): number {
  return LEVELS.indexOf(is) - LEVELS.indexOf(said);
}

const IN_NAME = /(?:^|_)([CTL]\d{1,2})(?=_|$)/;
/** Analyses whose every number is of one level that their names do not tell. */
const OF_LEVEL: Record<string, string | undefined> = { sarcopenia_l3: "L3" };

/** The level that a measurement was read at; null where it is of none. */
export function levelOfMeasurement(one: { name: string; analysis: string }): string | null {
  const named = IN_NAME.exec(one.name)?.[1];
  if (named && LEVELS.includes(named)) return named;
  return OF_LEVEL[one.analysis] ?? null;
}

/** The level that a finding rests on: that of its structure, or of the first number at a level. */
export function levelOfFinding(
  finding: { structure: string | null; evidence: Readonly<Record<string, unknown>> },
  measurements: readonly { name: string; analysis: string }[],
): string | null {
  const own = finding.structure && levelOf(finding.structure);
  if (own) return own;
  const evidence = measurements.filter(({ name }) => name in finding.evidence);
  return evidence.map(levelOfMeasurement).find((level) => level !== null) ?? null;
}
