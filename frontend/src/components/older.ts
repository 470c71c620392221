/** Paging through what is listed newest first: each page ends where the next begins. */
import { useState } from "react";

export interface Older {
  /** For the request. */
  before: number | undefined;
  /** The newest are shown; only these need to be asked for again. */
  newest: boolean;
  goOlder: (next: number) => void;
  goNewer: () => void;
  reset: () => void;
}

export function useOlder(): Older {
  const [pages, setPages] = useState<number[]>([]);
  return {
    before: pages.at(-1),
    newest: pages.length === 0,
    goOlder: (next) => setPages((before) => [...before, next]),
    goNewer: () => setPages((before) => before.slice(0, -1)),
    reset: () => setPages([]),
  };
}
