import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import type { ViewerManifest } from "@/viewer";

import { ofStudy, type Results } from "./queries";

/**
 * The viewer follows results that somebody else corrected while they were looked at.
 *
 * Asked for once per results: what cannot be had newer is no reason to ask again and again.
 */
export function useFreshImages(
  studyId: number,
  results: Results,
  manifest: ViewerManifest | undefined,
): void {
  const queries = useQueryClient();
  const asked = useRef("");
  const made = results.provenance?.created_at;
  const shown = manifest?.created_at;
  useEffect(() => {
    if (!made || !shown || made === shown || asked.current === made) return;
    asked.current = made;
    const init = ofStudy(studyId);
    for (const path of ["/api/v1/studies/{study_id}/viewer", "/api/v1/studies/{study_id}/history"])
      void queries.invalidateQueries({ queryKey: ["get", path, init] });
  }, [queries, studyId, made, shown]);
}
