/** The published limits a value is compared with. */
import type { Schemas } from "@/api/client";

import type { Measurement } from "../queries";

export type Reference = Schemas["ReferenceOut"];
export type Norm = Schemas["NormOut"];
export type Flag = "low" | "high";

/** Low or high; null where the value is within its limit, or nothing is known to compare with. */
export function flagOf({ flag }: Measurement): Flag | null {
  return flag === "low" || flag === "high" ? flag : null;
}

/** Where a number stands by published norms; without those that only say why they do not apply. */
export function comparedNorms({ norms }: Measurement): Norm[] {
  return norms.filter(({ group }) => group !== null);
}
