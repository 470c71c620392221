import { QueryClient } from "@tanstack/react-query";

import { ApiError } from "@/api/errors";

const RETRIES = 3;

export const queryClient = new QueryClient({
  defaultOptions: {
    // The server may be this machine, or stand in a network that the browser takes for none.
    mutations: { networkMode: "always" },
    queries: {
      networkMode: "always",
      staleTime: 10_000,
      // What was refused once is refused again; a server that restarts comes back.
      retry: (count, error) =>
        count < RETRIES &&
        (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
    },
  },
});
