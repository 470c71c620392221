import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";

import { api, type Schemas } from "@/api/client";
import { useRefreshInterval } from "@/app/live";
import { useToday } from "@/components/now";

import { queryOf, type View } from "./view";

export type Study = Schemas["StudyRow"];

/** A page of the worklist; while another one is loaded, the one before stays. */
export function useWorklist(view: View) {
  const refetchInterval = useRefreshInterval();
  // "Today" is another day past midnight.
  const today = useToday();
  const query = useMemo(() => queryOf(view, new Date(today)), [view, today]);
  return api.useQuery(
    "get",
    "/api/v1/studies",
    { params: { query } },
    { placeholderData: keepPreviousData, refetchInterval },
  );
}

export function useCounts() {
  const refetchInterval = useRefreshInterval();
  return api.useQuery("get", "/api/v1/worklist/counts", {}, { refetchInterval });
}

/** Asks for the list and its counts anew. */
export function useRefresh(): () => void {
  const queries = useQueryClient();
  return () => {
    void queries.invalidateQueries({ queryKey: ["get", "/api/v1/studies"] });
    void queries.invalidateQueries({ queryKey: ["get", "/api/v1/worklist/counts"] });
  };
}
