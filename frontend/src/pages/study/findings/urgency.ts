/** Which finding comes first: on the page, and in the viewer when the study is opened. */
import type { Schemas } from "@/api/client";
import type { JumpTarget } from "@/viewer";

import type { Finding } from "../queries";

type Severity = Finding["severity"];

const ORDER: readonly Severity[] = ["critical", "significant", "note"];
/** What makes a study urgent; a note is no reason to go anywhere. */
const URGENT: ReadonlySet<Severity> = new Set(["critical", "significant"]);

/** The most urgent first; what is equally urgent keeps its order. */
export function byUrgency<T extends Pick<Finding, "severity">>(findings: readonly T[]): T[] {
  return findings.toSorted(
    (one, other) => ORDER.indexOf(one.severity) - ORDER.indexOf(other.severity),
  );
}

export function isUrgent({ severity }: Pick<Finding, "severity">): boolean {
  return URGENT.has(severity);
}

export interface Opening {
  finding: number;
  target: JumpTarget;
}

/** Where the images open: at the most urgent finding that nobody has acknowledged and has a place. */
export function openingOf(
  findings: readonly Pick<Finding, "id" | "severity" | "acknowledged_at">[],
  places: Schemas["Targets"]["findings"],
): Opening | null {
  for (const finding of byUrgency(findings)) {
    const target = places[finding.id];
    if (target && isUrgent(finding) && finding.acknowledged_at === null)
      return { finding: finding.id, target };
  }
  return null;
}
