import { useEffect } from "react";
import { useLocation } from "react-router";

/** Brings what the address' `#part` names into view, once it is there. */
export function useHashTarget(ready: boolean): void {
  const { hash, key } = useLocation();
  useEffect(() => {
    if (ready && hash) document.getElementById(hash.slice(1))?.scrollIntoView();
  }, [ready, hash, key]);
}
