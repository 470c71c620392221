import type { Study } from "./useWorklist";

/** What a row can be asked for; the same for all rows, for as long as the page lives. */
export interface RowActions {
  open: (study: Study, inNewTab?: boolean) => void;
  look: (studyId: number) => void;
  /** Put the cursor there. */
  moveTo: (studyId: number) => void;
}
