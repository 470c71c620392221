/** The server's API, typed by its own description (`npm run api`). */
import createFetchClient, { type Middleware } from "openapi-fetch";
import createQueryClient from "openapi-react-query";

import { isAttended } from "./attended";
import { ApiError, problemOf } from "./errors";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

let csrfToken: string | null = null;

/** What requests that change something repeat; comes with the session. */
export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

export function csrfHeaders(): Record<string, string> {
  return csrfToken ? { "X-CSRF-Token": csrfToken } : {};
}

/** Marks a request nobody asked for, so that an unattended page does not keep a session alive. */
export const BACKGROUND = { headers: { "X-Background": "1" } } as const;

const guard: Middleware = {
  onRequest({ request }) {
    if (csrfToken && request.method !== "GET") request.headers.set("X-CSRF-Token", csrfToken);
    if (!isAttended()) request.headers.set("X-Background", "1");
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
  },
  onError({ error }) {
    return error instanceof ApiError
      ? error
      : new ApiError(0, "unreachable", "the server cannot be reached");
  },
};

export const http = createFetchClient<paths>({ baseUrl: window.location.origin });
http.use(guard);

/** Hooks: `api.useQuery("get", "/api/v1/studies", …)`, `api.useMutation("post", …)`. */
export const api = createQueryClient(http);
