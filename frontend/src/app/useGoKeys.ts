import { useEffect } from "react";
import { useNavigate } from "react-router";

import { go, type Going } from "./goKeys";

const FIELDS = "input, textarea, select, [contenteditable], [role=dialog]";

/** The keys that lead from page to page; a page's own keys do not see the second of two. */
export function useGoKeys(): void {
  const navigate = useNavigate();
  useEffect(() => {
    const going: Going = { since: null };
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Shift") return;
      if (event.target instanceof Element && event.target.closest(FIELDS)) return;
      const address = go(going, event.key, event.timeStamp);
      if (address === null) return;
      event.preventDefault();
      event.stopPropagation();
      if (address) void navigate(address);
    };
    window.addEventListener("keydown", onKeyDown, { capture: true });
    return () => window.removeEventListener("keydown", onKeyDown, { capture: true });
  }, [navigate]);
}
