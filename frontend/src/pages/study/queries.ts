/** What the page asks for. The study itself is asked for again and again, the rest once. */
import { keepPreviousData } from "@tanstack/react-query";

import { api, BACKGROUND, type Schemas } from "@/api/client";
import { useRefreshInterval } from "@/app/live";
import { intervalOf } from "@/delivery/deliveries";

export type Study = Schemas["StudyDetail"];
export type Results = Schemas["Results"];
export type Finding = Schemas["FindingOut"];
export type Measurement = Schemas["MeasurementOut"];
export type History = Schemas["StudyHistory"];
export type Run = Schemas["RunOut"];

export const ofStudy = (studyId: number) => ({ params: { path: { study_id: studyId } } });

export function useStudy(studyId: number) {
  return api.useQuery(
    "get",
    "/api/v1/studies/{study_id}",
    { ...ofStudy(studyId), ...BACKGROUND },
    { refetchInterval: useRefreshInterval() },
  );
}

/** What happened, the newest first; older pages end before an event. */
export function useEvents(studyId: number, before: number | undefined) {
  return api.useQuery(
    "get",
    "/api/v1/studies/{study_id}/events",
    { params: { path: { study_id: studyId }, query: { limit: 100, before } }, ...BACKGROUND },
    { placeholderData: keepPreviousData },
  );
}

/** Where its results went or are to go; asked often while something is on its way. */
export function useDeliveries(studyId: number) {
  const usual = useRefreshInterval();
  return api.useQuery(
    "get",
    "/api/v1/studies/{study_id}/deliveries",
    { ...ofStudy(studyId), ...BACKGROUND },
    { refetchInterval: ({ state }) => intervalOf(state.data?.deliveries, usual) },
  );
}

/** The patient's other studies; what cannot be had is not worth an error here. */
export function useHistory(studyId: number, enabled: boolean) {
  return api.useQuery("get", "/api/v1/studies/{study_id}/history", ofStudy(studyId), { enabled });
}

/** What is measured, and how; the same for every study. */
export function useCatalogue() {
  return api.useQuery("get", "/api/v1/measurements/catalogue", {}, { staleTime: Infinity });
}
