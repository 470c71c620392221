import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { beforeEach, expect, test, vi } from "vitest";

import { ApiError } from "@/api/errors";

import { forgetAnswers, watchSession } from "./endedSession";

const SESSION = ["get", "/api/v1/session", {}];
const STUDY = ["get", "/api/v1/studies/{study_id}", { params: { path: { study_id: 5 } } }];
const ENDED = new ApiError(401, "unauthenticated", "sign in");

let queries: QueryClient;
const whoIsThere = vi.fn(() => Promise.resolve("anna"));
const study = vi.fn((): Promise<string> => Promise.resolve("study"));

/** Looks at a question, as a page does; returns how to leave. */
function open(queryKey: readonly unknown[], queryFn: () => Promise<string>): () => void {
  return new QueryObserver(queries, { queryKey, queryFn }).subscribe(() => undefined);
}

const settled = () =>
  vi.waitFor(() => {
    expect(queries.isFetching()).toBe(0);
  });

beforeEach(async () => {
  vi.clearAllMocks();
  queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  watchSession(queries);
  open(SESSION, whoIsThere);
  await settled();
});

/** A study is open when the session ends. */
async function endSession(): Promise<void> {
  const leave = open(STUDY, study);
  await settled();
  study.mockRejectedValueOnce(ENDED);
  await queries.refetchQueries({ queryKey: STUDY });
  await settled();
  leave();
}

test("an answer that nobody is signed in is asked about, once", async () => {
  await endSession();
  expect(whoIsThere).toHaveBeenCalledTimes(2);
});

test("whoever signs in again is not asked anew by what the old session left behind", async () => {
  await endSession();
  const leave = open(STUDY, study);
  await settled();
  leave();
  queries.removeQueries({ queryKey: STUDY });
  expect(whoIsThere).toHaveBeenCalledTimes(2);
});

test("other refusals end no session", async () => {
  study.mockRejectedValueOnce(new ApiError(403, "forbidden", "not yours"));
  open(STUDY, study);
  await settled();
  expect(whoIsThere).toHaveBeenCalledTimes(1);
});

test("nothing of a patient is kept for whoever signs in next", async () => {
  await endSession();
  forgetAnswers(queries);
  expect(queries.getQueryData(STUDY)).toBeUndefined();
  expect(queries.getQueryData(SESSION)).toBe("anna");
});
