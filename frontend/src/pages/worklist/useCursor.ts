import { type RefObject, useCallback, useRef, useState } from "react";

import type { Study } from "./useWorklist";

/** The row the keyboard is at; it follows its study when rows come and go. */
export function useCursor(studies: Study[] | undefined, box: RefObject<HTMLElement | null>) {
  const [cursor, setCursor] = useState<number | null>(null);
  const index = useRef(-1);

  const moveTo = useCallback((studyId: number) => setCursor(studyId), []);
  /** To the next row, the one before, or, with 0, to the first one. */
  const move = (step: 1 | 0 | -1, focus: boolean) => {
    if (!studies?.length) return null;
    const found = studies.findIndex(({ id }) => id === cursor);
    // A study that has left the list leaves its place to the next one.
    const here = found >= 0 ? found : Math.min(index.current - (step > 0 ? 1 : 0), studies.length);
    index.current = step === 0 ? 0 : Math.min(Math.max(here + step, 0), studies.length - 1);
    const study = studies[index.current];
    if (!study) return null;
    setCursor(study.id);
    const row = box.current?.querySelector<HTMLElement>(`[data-study="${study.id}"]`);
    row?.scrollIntoView({ block: "nearest" });
    if (focus) row?.focus({ preventScroll: true });
    return study.id;
  };
  return { cursor, moveTo, move };
}
