/** A session that ends under an open page. */
import type { Query, QueryClient } from "@tanstack/react-query";

import { ApiError } from "@/api/errors";

/** Begins the key of the question who is signed in. */
const WHO = ["get", "/api/v1/session"] as const;

/** Whether an answer was refused because nobody is signed in. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

/** Asks who is signed in when any answer says that nobody is; returns how to end that. */
export function watchSession(queries: QueryClient): () => void {
  return queries.getQueryCache().subscribe((event) => {
    // The answer itself: what it left behind in a query is old when that is shown or removed.
    if (event.type !== "updated" || event.action.type !== "error") return;
    if (isSignedOut(event.action.error) && !isOfSession(event.query as Query))
      void queries.resetQueries({ queryKey: WHO });
  });
}

/** Nothing that was asked in a session outlives it: patients, and that it ended. */
export function forgetAnswers(queries: QueryClient): void {
  queries.removeQueries({ predicate: (query) => !isOfSession(query) });
}

function isOfSession({ queryKey }: Query): boolean {
  return WHO.every((part, at) => queryKey[at] === part);
}
