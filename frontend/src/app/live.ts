import { createContext, useContext } from "react";

import type { Live } from "./useLiveChanges";

export const LiveContext = createContext<Live>("polling");

/** The founding document's interval; asked also while the stream lives, should it lose something. */
const REFRESH_MS = 30_000;

/** How often to ask for what the stream tells; more often is never needed. */
export function useRefreshInterval(): number {
  return useContext(LiveContext) === "live" ? 4 * REFRESH_MS : REFRESH_MS;
}
