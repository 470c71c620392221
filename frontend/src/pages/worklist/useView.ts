import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";

import { type Filters, paramsOf, type View, viewOf, withFilters } from "./view";

export interface ViewControl {
  view: View;
  setView: (changed: Partial<View>) => void;
  setFilters: (changed: Partial<Filters>, options?: { replace?: boolean }) => void;
}

/** The view, as it stands in the address. */
export function useView(): ViewControl {
  const [params, setParams] = useSearchParams();
  const view = useMemo(() => viewOf(params), [params]);
  const setView = useCallback(
    (changed: Partial<View>) =>
      setParams((now) => paramsOf({ ...viewOf(now), ...changed }), { replace: true }),
    [setParams],
  );
  const setFilters = useCallback(
    (changed: Partial<Filters>, options?: { replace?: boolean }) =>
      setParams((now) => paramsOf(withFilters(viewOf(now), changed)), options),
    [setParams],
  );
  return { view, setView, setFilters };
}
