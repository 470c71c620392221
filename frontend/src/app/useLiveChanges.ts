/** The server's event stream, put into the query cache; every page shows what is true now. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import type { Schemas } from "@/api/client";

export type StudyRow = Schemas["StudyRow"];
export type Live = "live" | "polling";

/** After the server refused the stream: it restarts, or too many follow. */
const AGAIN_MS = 15_000;
const WORKLIST = ["get", "/api/v1/studies"];
const STUDY = "/api/v1/studies/{study_id}";
/** What changes with new results only; each look at it is a line in the audit trail. */
const OF_RESULTS = new Set([`${STUDY}/viewer`, `${STUDY}/history`]);

/** Put a study's new row wherever the row stands; order and filters are asked for anew, gently. */
function updateRow(queries: QueryClient, row: StudyRow): void {
  queries.setQueriesData<Schemas["Worklist"]>(
    { queryKey: WORKLIST },
    (page) =>
      page && { ...page, studies: page.studies.map((one) => (one.id === row.id ? row : one)) },
  );
  const known = queries
    .getQueriesData<Schemas["StudyDetail"]>({ queryKey: ["get", STUDY] })
    .find(([, study]) => study?.id === row.id)?.[1];
  const renewed = known?.finished_at !== row.finished_at;
  void queries.invalidateQueries({
    predicate: ({ queryKey: [, path, init] }) =>
      String(path).startsWith(STUDY) &&
      studyOf(init) === row.id &&
      (renewed || !OF_RESULTS.has(String(path))),
  });
}

function studyOf(init: unknown): number | undefined {
  return (init as { params?: { path?: { study_id?: number } } } | undefined)?.params?.path
    ?.study_id;
}

/** Follows the stream while the page is open; says whether it lives or the pages must poll. */
export function useLiveChanges(): Live {
  const queries = useQueryClient();
  const [live, setLive] = useState<Live>("polling");

  useEffect(() => {
    let pending: ReturnType<typeof setTimeout> | undefined;
    // A burst of changes asks for the worklist once.
    const refreshSoon = () => {
      pending ??= setTimeout(() => {
        pending = undefined;
        void queries.invalidateQueries({ queryKey: WORKLIST });
        void queries.invalidateQueries({ queryKey: ["get", "/api/v1/worklist/counts"] });
        void queries.invalidateQueries({ queryKey: ["get", "/api/v1/queue"] });
      }, 1000);
    };
    let stream: EventSource | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    let interrupted = false;
    const follow = () => {
      stream = new EventSource("/api/v1/changes");
      stream.addEventListener("ready", () => {
        // What happened meanwhile may not be told again.
        if (interrupted) void queries.invalidateQueries();
        interrupted = false;
        setLive("live");
      });
      stream.addEventListener("study", (event: MessageEvent<string>) => {
        updateRow(queries, JSON.parse(event.data) as StudyRow);
        refreshSoon();
      });
      stream.addEventListener("removed", refreshSoon);
      stream.addEventListener("reset", refreshSoon);
      stream.onerror = () => {
        interrupted = true;
        setLive("polling");
        // The browser comes back by itself from a broken connection, not from a refusal.
        if (stream?.readyState === EventSource.CLOSED) again = setTimeout(follow, AGAIN_MS);
      };
    };
    follow();
    return () => {
      clearTimeout(pending);
      clearTimeout(again);
      stream?.close();
    };
  }, [queries]);
  return live;
}
