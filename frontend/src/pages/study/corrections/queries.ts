/** What the page asks of a person's hand on the study. */
import { useQueries } from "@tanstack/react-query";

import { api, type Schemas } from "@/api/client";

export { useCorrections } from "@/viewer/editing/api";

export type Corrections = Schemas["CorrectionsOut"];
export type Correction = Schemas["CorrectionOut"];
export type CorrectionDetail = Schemas["CorrectionDetail"];
export type NumberChange = Schemas["MeasurementChange"];
export type Rejection = Schemas["StandingRejection"];
export type Reason = Rejection["reason"];

const ONE = "/api/v1/studies/{study_id}/corrections/{number}";

const ofCorrection = (studyId: number, number: number) => ({
  params: { path: { study_id: studyId, number } },
});

/** Numbers that differ by a correction; 0: between what the networks made and the results of now. */
export function useChanges(studyId: number, number: number) {
  const one = api.useQuery("get", ONE, ofCorrection(studyId, number), { enabled: number > 0 });
  const all = api.useQuery(
    "get",
    "/api/v1/studies/{study_id}/versions/{version}/changes",
    { params: { path: { study_id: studyId, version: 0 } } },
    { enabled: number === 0 },
  );
  return number > 0 ? one : all;
}

/** Those of several; what cannot be had is not worth an error beside the numbers. */
export function useCorrectionDetails(
  studyId: number,
  numbers: readonly number[],
): CorrectionDetail[] {
  return useQueries({
    queries: numbers.map((number) => api.queryOptions("get", ONE, ofCorrection(studyId, number))),
    combine: (all) => all.flatMap(({ data }) => (data ? [data] : [])),
  });
}
