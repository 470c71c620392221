import { api, BACKGROUND } from "@/api/client";

const EVERY_MS = 10_000;

/** How it stands with every destination, now and as long as it is looked at. */
export function useDeliverySummary() {
  return api.useQuery("get", "/api/v1/deliveries/summary", BACKGROUND, {
    refetchInterval: EVERY_MS,
  });
}
