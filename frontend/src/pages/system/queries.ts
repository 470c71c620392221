/** What the page asks for; nobody has to ask for it again by hand. */
import { api, BACKGROUND } from "@/api/client";

const EVERY_MS = 10_000;
const again = { refetchInterval: EVERY_MS };

export const useSystem = () => api.useQuery("get", "/api/v1/system", BACKGROUND, again);
export const useQueue = () => api.useQuery("get", "/api/v1/queue", BACKGROUND, again);
export const useWorkers = () => api.useQuery("get", "/api/v1/workers", BACKGROUND, again);
export const useAgreement = () => api.useQuery("get", "/api/v1/agreement", BACKGROUND);
export const usePeers = () => api.useQuery("get", "/api/v1/peers", BACKGROUND, again);
