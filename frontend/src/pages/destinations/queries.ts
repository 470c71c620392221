/** What the page asks for. */
import { useQueryClient } from "@tanstack/react-query";

import { api } from "@/api/client";

export const useDestinations = () => api.useQuery("get", "/api/v1/destinations");
export const useRules = () => api.useQuery("get", "/api/v1/delivery-rules");

/** After a change: what there is, and how it stands. */
export function useRenew(): () => Promise<unknown> {
  const queries = useQueryClient();
  return () =>
    Promise.all(
      ["/api/v1/destinations", "/api/v1/delivery-rules", "/api/v1/deliveries/summary"].map((path) =>
        queries.invalidateQueries({ queryKey: ["get", path] }),
      ),
    );
}
