/** A page that was opened is read from its top, by the keyboard too. */
import { useEffect, useRef } from "react";
import { NavigationType, useLocation, useNavigationType } from "react-router";

/** After going back, the browser itself restores where one was. */
export function useArrival(): void {
  const { pathname, hash } = useLocation();
  const how = useNavigationType();
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    if (how === NavigationType.Pop) return;
    if (!hash) window.scrollTo(0, 0);
    const main = document.getElementById("main");
    // A page that put the focus somewhere knows better.
    if (!main?.contains(document.activeElement)) main?.focus({ preventScroll: true });
  }, [pathname, hash, how]);
}
