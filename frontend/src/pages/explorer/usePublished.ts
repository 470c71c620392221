/** What is published about a measurement: asked once, it changes with the rules only. */
import { api, type Schemas } from "@/api/client";

import { isMeasurement } from "./norms";

const STALE_MS = 60_000;

export function usePublished(name: string): Schemas["PublishedLimits"] | undefined {
  return api.useQuery(
    "get",
    "/api/v1/measurements/limits",
    { params: { query: { name } } },
    { enabled: isMeasurement(name), staleTime: STALE_MS, retry: false },
  ).data;
}
