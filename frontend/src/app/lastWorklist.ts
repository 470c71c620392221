/** The page of the worklist one came from: for the way back, and to the study before and after. */

export interface LastWorklist {
  ids: readonly number[];
  /** With its search and filters. */
  address: string;
}

let last: LastWorklist = { ids: [], address: "/" };

export function rememberWorklist(ids: readonly number[], address: string): void {
  last = { ids, address };
}

/** Kept in memory only; a page that was loaded anew knows of none. */
export function lastWorklist(): LastWorklist {
  return last;
}
