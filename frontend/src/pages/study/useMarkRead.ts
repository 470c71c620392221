import { useEffect, useRef } from "react";

import type { Study } from "./queries";

/** Results that were on the screen so long have been seen. */
const SEEN_MS = 2000;

/**
 * Marks results as read once they were visible for a while.
 *
 * Once per visit and per results: a study that somebody marks as unread again stays unread.
 */
export function useMarkRead(study: Study | undefined, markRead: () => void): void {
  const settled = useRef("");
  const mark = useRef(markRead);
  useEffect(() => {
    mark.current = markRead;
  });
  const hasResults = study?.results != null;
  const unread = study?.unread === true;
  const which = study ? `${study.id} ${study.results?.provenance?.created_at ?? ""}` : "";

  useEffect(() => {
    if (!hasResults || settled.current === which) return;
    if (!unread) {
      settled.current = which;
      return;
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watch = () => {
      clearTimeout(timer);
      if (document.visibilityState !== "visible") return;
      timer = setTimeout(() => {
        settled.current = which;
        mark.current();
      }, SEEN_MS);
    };
    watch();
    document.addEventListener("visibilitychange", watch);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", watch);
    };
  }, [which, unread, hasResults]);
}
