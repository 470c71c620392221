/** Which networks would segment what, in the order an administrator looks. */
import type { Schemas } from "@/api/client";

export type Weights = Schemas["WeightsOut"];

const ORDER: Weights["origin"][] = ["bundled", "other", "official", "missing"];

export interface Split {
  present: Weights[];
  missing: Weights[];
}

/** Those that are there, the doubtful first, and those that are not; each by name. */
export function split(weights: readonly Weights[]): Split {
  const sorted = [...weights].sort(
    (a, b) => ORDER.indexOf(a.origin) - ORDER.indexOf(b.origin) || a.task.localeCompare(b.task),
  );
  return {
    present: sorted.filter((one) => one.origin !== "missing"),
    missing: sorted.filter((one) => one.origin === "missing"),
  };
}
