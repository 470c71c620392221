import { useLayoutEffect, useRef } from "react";

/** Height of A4 at 96 dots an inch, a millimetre less against rounding. */
const PAGE_PX = (296 / 25.4) * 96;
/** Smaller letters than seven points nobody reads; more than that goes on a second page. */
const SMALLEST = 0.78;

/** A sheet that is too long is printed smaller, `--fit`, as far as it can be read. */
export function useOnePage() {
  const sheet = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const element = sheet.current;
    if (!element) return undefined;
    const measured = new ResizeObserver(() => {
      const fit = Math.max(SMALLEST, Math.min(1, PAGE_PX / element.scrollHeight));
      element.style.setProperty("--fit", fit.toFixed(3));
    });
    measured.observe(element);
    return () => measured.disconnect();
  }, []);
  return sheet;
}
