/** What the structures of a study are called, in the reader's language. */
import { useMemo } from "react";

import { useTerms } from "@/terms";

import type { ViewerManifest } from "./manifest";
import { paintable } from "./paintable";
import { keyOf, type StructureKey } from "./state";

export function useStructureNames({ labels }: ViewerManifest): (key: StructureKey) => string {
  const terms = useTerms();
  return useMemo(() => {
    const names = new Map<StructureKey, string>(
      (labels ?? []).flatMap((map) =>
        paintable(map).map((one) => [keyOf(map.name, one.label), terms.Structure(one.structure)]),
      ),
    );
    return (key) => names.get(key) ?? key;
  }, [labels, terms]);
}
