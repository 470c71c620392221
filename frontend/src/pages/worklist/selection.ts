/** Studies that are ticked, also across pages. */
import { type Filters, NO_FILTERS } from "./view";

/** What the ticked ones were found by: another search leaves none ticked, another page or order all. */
export function foundBy(filters: Filters): string {
  return JSON.stringify(
    (Object.keys(NO_FILTERS) as (keyof Filters)[]).map((name) => filters[name]),
  );
}

/** How many of them are not on the screen. */
export function elsewhere(which: readonly number[], studies: readonly { id: number }[]): number {
  const here = new Set(studies.map(({ id }) => id));
  return which.filter((id) => !here.has(id)).length;
}
