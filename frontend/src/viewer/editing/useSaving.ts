/** Edits on their way to the server. */
import { useCallback, useState } from "react";

import { ApiError } from "@/api/errors";

import type { Grid } from "../geometry";
import { type Correction, save } from "./api";
import type { Runs } from "./runs";
import type { EditSession } from "./session";

export interface Saving {
  isBusy: boolean;
  /** Why it was not saved; the edits are still there. */
  error: unknown;
  /** Somebody else has changed the label maps meanwhile. */
  isOtherBase: boolean;
  /** It was kept, but the results could not follow. */
  failed: Correction | null;
  save: (comment: string) => Promise<void>;
  /** Load what others have saved, and put the edits on top of it. */
  merge: () => Promise<void>;
  forget: () => void;
}

interface Props {
  study: number;
  running: { session: Pick<EditSession, "whole" | "isBusy" | "canSave">; base: string } | null;
  grid: Grid;
  forget: (base: string) => Promise<void>;
  /** Take edits to what is shown next. */
  carry: (base: string, whole: ReadonlyMap<string, Runs>) => Promise<void>;
  onRenew: () => Promise<void>;
}

export function useSaving(props: Props): Saving {
  const { study, running, grid, forget: forgetDraft, carry, onRenew } = props;
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [failed, setFailed] = useState<Correction | null>(null);

  const send = useCallback(
    async (comment: string) => {
      if (!running?.session.canSave) return;
      const { session, base } = running;
      setBusy(true);
      setError(null);
      setFailed(null);
      try {
        const maps = session.whole;
        const saved = await save({ study, base, shape: grid.shape, maps, comment });
        if (saved.state === "applied") {
          await forgetDraft(base);
          await onRenew();
        } else setFailed(saved);
      } catch (refused) {
        setError(refused);
      } finally {
        setBusy(false);
      }
    },
    [running, study, grid, forgetDraft, onRenew],
  );

  const merge = useCallback(async () => {
    if (running?.session.isBusy) return;
    if (running) await carry(running.base, running.session.whole);
    await onRenew();
  }, [running, carry, onRenew]);
  const forget = useCallback(() => {
    setError(null);
    setFailed(null);
  }, []);
  const isOtherBase = error instanceof ApiError && error.code === "other_base";
  return { isBusy, error, isOtherBase, failed, save: send, merge, forget };
}
