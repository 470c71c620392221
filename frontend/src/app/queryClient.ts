import { QueryClient } from "@tanstack/react-query";

import { ApiError } from "@/api/errors";

const RETRIES = 3;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // What was refused once is refused again; a server that restarts comes back.
      retry: (count, error) =>
        count < RETRIES &&
        (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
    },
  },
});
