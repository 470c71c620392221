/** Tells the server that somebody edits a study, and who else does. */
import { useEffect, useState } from "react";

import { csrfHeaders, http, type Schemas } from "@/api/client";

import { drawn } from "./lot";

export type Editor = Schemas["Editor"];

const HEARTBEAT_MS = 20_000;
const NOBODY: readonly Editor[] = [];

/** Who else edits the study while we do. */
export function usePresence(studyId: number, isEditing: boolean): readonly Editor[] {
  const [others, setOthers] = useState(NOBODY);
  useEffect(() => {
    if (!isEditing) return;
    const session = drawn();
    const address = `/api/v1/studies/${studyId}/editing?session=${session}`;
    const controller = new AbortController();
    const { signal } = controller;
    const beat = async () => {
      try {
        const params = { path: { study_id: studyId }, query: { session } };
        const { data } = await http.PUT("/api/v1/studies/{study_id}/editing", { params, signal });
        if (data && !signal.aborted) setOthers(data.others);
      } catch {
        // Without a connection nobody is told of; saving will say what is wrong.
      }
    };
    void beat();
    const timer = setInterval(() => void beat(), HEARTBEAT_MS);
    return () => {
      clearInterval(timer);
      controller.abort();
      setOthers(NOBODY);
      // Also when the page is being left.
      fetch(address, { method: "DELETE", headers: csrfHeaders(), keepalive: true }).catch(
        () => undefined,
      );
    };
  }, [studyId, isEditing]);
  return others;
}
