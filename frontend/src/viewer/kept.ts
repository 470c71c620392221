import type { Draft } from "./editing/drafts";
import type { Outlook } from "./engine";
import type { Jump } from "./manifest";
import type { ViewerState } from "./state";

/** What was looked at, and how; it outlives a workspace, whose results were replaced. */
export interface Kept {
  state: ViewerState;
  /** Of its engine, also when that has ended. */
  outlook: () => Outlook;
  /** Where one has been sent already. */
  jump: Jump | null;
}

/** Where it is kept between one workspace and the next. */
export class Keeper {
  #kept: Kept | null = null;
  #edits: Draft | null = null;

  readonly kept = (): Kept | null => this.#kept;

  keep(kept: Kept): void {
    this.#kept = kept;
  }

  /** Edits that are to be put on top of the results to come; also where the browser keeps none. */
  readonly edits = (): Draft | null => this.#edits;

  carry(edits: Draft): void {
    this.#edits = edits;
  }

  /** Edits have arrived, or are not wanted. */
  drop(edits: Draft): void {
    if (this.#edits === edits) this.#edits = null;
  }
}
