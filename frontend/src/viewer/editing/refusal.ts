/** Why editing cannot begin. */
import type { Corrections } from "./api";
import type { Draft } from "./drafts";

/** Why a study cannot be edited here and now: a text of the viewer, or the server's statement. */
export type Refusal = "narrow" | "loading" | "unknown" | "draft" | { told: Corrections["why_not"] };

interface Asked {
  told: Pick<Corrections, "can_correct" | "why_not"> | undefined;
  isError: boolean;
  isComplete: boolean;
  isNarrow: boolean;
}

/** Why nobody could edit; null where one can. */
export function refusalOf({ told, isError, isComplete, isNarrow }: Asked): Refusal | null {
  if (isNarrow) return "narrow";
  if (isError) return "unknown";
  if (!isComplete || !told) return "loading";
  return told.can_correct ? null : { told: told.why_not };
}

/** Edits of before have to be answered first: what is begun beside them would take their place. */
export function refusalBeside(offered: Draft | null | undefined): Refusal | null {
  if (offered === undefined) return "loading";
  return offered === null ? null : "draft";
}
