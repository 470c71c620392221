import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useSearchParams } from "react-router";

import { type Filters, paramsOf, type View, viewOf, withFilters } from "./view";

export interface ViewControl {
  view: View;
  setView: (changed: Partial<View>) => void;
  setFilters: (changed: Partial<Filters>, options?: { replace?: boolean }) => void;
}

/** A view on its way into the address, and what stands there until it has arrived. */
interface Underway {
  view: View;
  passed: string[];
  query: string;
}

/**
 * The view, as it stands in the address.
 *
 * The address follows a change a moment later; the view is the new one at once, and a second
 * change within that moment builds on the first.
 */
export function useView(): ViewControl {
  const [params, setParams] = useSearchParams();
  const [underway, setUnderway] = useState<Underway | null>(null);
  const address = String(params);
  // Arrived; or somebody has gone elsewhere meanwhile.
  if (underway && (underway.query === address || !underway.passed.includes(address)))
    setUnderway(null);
  const arrived = useMemo(() => viewOf(params), [params]);
  const view = underway?.view ?? arrived;

  const latest = useRef({ view, address, setParams });
  // Not after painting: a change that comes before would build on an address that is gone.
  useLayoutEffect(() => {
    latest.current = { view, address, setParams };
  });

  const go = useCallback((next: View, replace: boolean) => {
    const query = paramsOf(next);
    const { address: from } = latest.current;
    latest.current.view = next;
    setUnderway((before) => ({
      view: next,
      passed: before ? [...before.passed, before.query] : [from],
      query: String(query),
    }));
    latest.current.setParams(query, { replace });
  }, []);
  const setView = useCallback(
    (changed: Partial<View>) => go({ ...latest.current.view, ...changed }, true),
    [go],
  );
  const setFilters = useCallback(
    (changed: Partial<Filters>, options?: { replace?: boolean }) =>
      go(withFilters(latest.current.view, changed), options?.replace ?? false),
    [go],
  );
  return { view, setView, setFilters };
}
