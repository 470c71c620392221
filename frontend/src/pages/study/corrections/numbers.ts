/** What corrections did to the numbers: what each was before a person's hand, and whose it was. */
import type { Compared } from "@/viewer";

import type { Measurement } from "../queries";
import type { Correction, CorrectionDetail, Corrections, NumberChange } from "./queries";

/** A number that reads otherwise than as the networks had it. */
export interface Corrected {
  /** As the networks' version had it. */
  was: Pick<NumberChange, "before" | "unit" | "status_before" | "reason_before_coded">;
  /** Who changed it last, and when. */
  by: string;
  at: string;
}

/** By name of the measurement; `details` are those in force, in any order. */
export function correctedNumbers(
  details: readonly CorrectionDetail[],
): ReadonlyMap<string, Corrected> {
  const found = new Map<string, Corrected>();
  for (const { measurements, by, at } of details.toSorted((a, b) => a.number - b.number))
    for (const one of measurements)
      found.set(one.name, { was: found.get(one.name)?.was ?? one, by, at });
  return found;
}

/** Those that a person has to decide on. */
export function waiting(corrections: readonly Correction[]): Correction[] {
  return corrections.filter(({ state }) => state === "proposed" || state === "offered");
}

/**
 * What a reader looks for first: numbers with a published limit, the inventory of all structures
 * last; among equals, what has or had a value before what is missing on one side.
 */
export function tellingFirst(
  changes: readonly NumberChange[],
  measurements: readonly Pick<Measurement, "name" | "analysis" | "reference">[],
): NumberChange[] {
  const known = new Map(measurements.map((one) => [one.name, one]));
  const rank = ({ name, before, after }: NumberChange) => {
    const one = known.get(name);
    const weight = one?.reference ? 0 : one && one.analysis !== INVENTORY ? 1 : 2;
    return 3 * weight + Number(before === null) + Number(after === null);
  };
  return changes.toSorted((one, other) => rank(one) - rank(other));
}

const INVENTORY = "structures";

/** How far a number moved; null where one side is none. */
export function differenceOf({ before, after }: Pick<NumberChange, "before" | "after">) {
  // Both have as many decimals as are stored: what is beyond them is not known.
  const isMeasured = typeof before === "number" && typeof after === "number";
  return isMeasured ? Number((after - before).toPrecision(12)) : null;
}

/** How both sides of a correction are shown; null where it has none, or they are not kept. */
export function comparedBy(
  { number, kind, state, version, structures }: Comparable,
  present: Corrections["version"],
): Compared | null {
  if (version === null) {
    const waits = state === "proposed" || state === "offered" || state === "failed";
    return waits && kind === "voxels" ? { number, version: undefined, isApplied: false } : null;
  }
  if (structures.length === 0) return null;
  return { number, version: version === present ? undefined : version, isApplied: true };
}

/** How what the networks made is shown beside the results of now; null where no mask was changed. */
export function comparedWithNetworks(corrections: readonly Correction[]): Compared | null {
  const isChanged = corrections.some(
    ({ state, structures }) => state === "applied" && structures.length > 0,
  );
  return isChanged ? { number: 0, version: undefined, isApplied: true } : null;
}

type Comparable = Pick<Correction, "number" | "kind" | "state" | "version" | "structures">;
