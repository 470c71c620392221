/** One clock for everything that says how long ago something was, or which day it is. */
import { useSyncExternalStore } from "react";

const EVERY_MS = 5000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    now = Date.now();
    timer = setInterval(() => {
      now = Date.now();
      listeners.forEach((one) => one());
    }, EVERY_MS);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Milliseconds since 1970, a few seconds old at most. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** When the present day began in the reader's zone, milliseconds since 1970; another one past midnight. */
export function useToday(): number {
  return useSyncExternalStore(subscribe, () => new Date(now).setHours(0, 0, 0, 0));
}
