/** What the server is asked while one edits. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

import { api, BACKGROUND, http, type Schemas } from "@/api/client";
import { useRefreshInterval } from "@/app/live";

import type { Triple } from "../geometry";
import { packed } from "./difference";
import type { Runs } from "./runs";

export type Corrections = Schemas["CorrectionsOut"];
export type Correction = Schemas["CorrectionOut"];

/** Letters of a person's own words that the server takes. */
export const LONGEST_COMMENT = 500;

const STUDY = "/api/v1/studies/{study_id}";
/** How often to ask for a correction that was kept, but not applied yet. */
const ASK_AGAIN_MS = 1500;

/** A study's corrections, and whether it can be corrected now. */
export function useCorrections(studyId: number, isWanted: boolean) {
  return api.useQuery(
    "get",
    `${STUDY}/corrections`,
    { params: { path: { study_id: studyId } }, ...BACKGROUND },
    { enabled: isWanted, refetchInterval: useRefreshInterval() },
  );
}

/** Everything told of a study is asked for anew. */
export function useRenewStudy(studyId: number): () => Promise<void> {
  const queries = useQueryClient();
  return useCallback(
    () =>
      queries.invalidateQueries({
        predicate: ({ queryKey: [, path, init] }) => {
          const params = (init as { params?: { path?: { study_id?: number } } } | undefined)
            ?.params;
          return String(path).startsWith(STUDY) && params?.path?.study_id === studyId;
        },
      }),
    [queries, studyId],
  );
}

export interface Edits {
  study: number;
  /** The label maps they were made on. */
  base: string;
  shape: Triple;
  maps: ReadonlyMap<string, Runs>;
  comment: string;
}

/** Saves edits as a correction; what it became when the results have followed. */
export async function save({ study, base, shape, maps, comment }: Edits): Promise<Correction> {
  const body = await packed({ shape, maps });
  const { data } = await http.POST(`${STUDY}/corrections`, {
    params: {
      path: { study_id: study },
      header: {
        "if-match": `"${base}"`,
        // Not part of the address, which proxies log; a header takes no other characters.
        "X-Heimdallr-Comment": encodeURIComponent(comment),
      },
    },
    headers: { "Content-Type": "application/octet-stream" },
    // The types take a body of bytes for text.
    body: body as unknown as string,
    bodySerializer: (bytes: unknown) => bytes as Blob,
  });
  if (!data) throw new Error("the server said nothing");
  return data.state === "pending" ? await settled(study, data.number) : data;
}

async function settled(study: number, number: number): Promise<Correction> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    const { data } = await http.GET(`${STUDY}/corrections/{number}`, {
      params: { path: { study_id: study, number } },
    });
    if (data && data.state !== "pending") return data;
  }
}
