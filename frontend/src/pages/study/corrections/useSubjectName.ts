import { useTerms } from "@/terms";

import type { Subject } from "./hand";

/** What a structure, a measurement or a finding is called. */
export function useSubjectName(): (kind: Subject["kind"], name: string) => string {
  const terms = useTerms();
  const named = {
    structure: terms.Structure,
    measurement: terms.measurement,
    finding: terms.finding,
  };
  return (kind, name) => named[kind](name);
}
