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

/** One correction, with the numbers that differ by it. */
export function useCorrection(studyId: number, number: number) {
  return api.useQuery("get", ONE, ofCorrection(studyId, number));
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
