/** The draft of a study that this person has in this browser, and what becomes of it. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import type { Keeper } from "../kept";
import type { ViewerManifest } from "../manifest";
import { structureNames } from "./catalogue";
import { encoded } from "./difference";
import {
  type Draft,
  DraftKeeper,
  type DraftKey,
  DRAFTS,
  draftsOf,
  isOn,
  isSame,
  isTwin,
  offerOf,
  THIS_WINDOW,
  withCarried,
} from "./drafts";
import type { Runs } from "./runs";

export interface DraftState {
  /** Edits of before, which are not saved; null where there are none, undefined until that is known. */
  offered: Draft | null | undefined;
  /** What is offered was made on other images: its voxels are not those shown. */
  isForeign: boolean;
  /** What is offered comes from another version, and goes on top of this one. */
  isCarried: boolean;
  /** Edits cannot be kept in this browser. */
  isUnkept: boolean;
  /** Nothing is on its way to the disk. */
  isKept: boolean;
  /** Keep the edits made on a base. */
  keep: (base: string, whole: ReadonlyMap<string, Runs>) => void;
  /** Take edits made on a base to what is shown next. */
  carry: (base: string, whole: ReadonlyMap<string, Runs>) => Promise<void>;
  /** What this window keeps on a base is saved, or not wanted. */
  forget: (base: string) => Promise<void>;
  /** What was offered is in the edits on this base now. */
  taken: (base: string) => Promise<void>;
  /** What was offered is kept, and not offered again before the study is opened anew. */
  putAside: () => void;
  /** What was offered is not wanted. */
  discard: () => Promise<void>;
}

export function useDraft(
  user: string,
  { study_id: study, series_instance_uid: series, volume, labels }: ViewerManifest,
  keeper: Keeper,
): DraftState {
  const images = useMemo(() => {
    const { shape, affine } = volume ?? NOTHING;
    return { series, shape, affine };
  }, [series, volume]);
  const [found, setFound] = useState<readonly Draft[]>();
  const [carried] = useState(keeper.edits);
  const [isUnkept, setUnkept] = useState(false);
  const [isKept, setKept] = useState(true);
  const writer = useRef<DraftKeeper | null>(null);

  useEffect(() => {
    let isOver = false;
    draftsOf(user, study).then(
      (drafts) => {
        if (!isOver) setFound(withCarried(drafts, carried));
      },
      () => {
        if (isOver) return;
        setFound(withCarried([], carried));
        setUnkept(true);
      },
    );
    return () => {
      isOver = true;
    };
  }, [user, study, carried]);

  const draftOf = useCallback(
    (base: string, whole: ReadonlyMap<string, Runs>): Draft => ({
      ...{ user, study, base, window: THIS_WINDOW, images },
      at: new Date(),
      bytes: encoded({ shape: images.shape, maps: whole }),
      structures: structureNames(labels ?? [], whole),
    }),
    [user, study, images, labels],
  );
  const keep = useCallback(
    (base: string, whole: ReadonlyMap<string, Runs>) => {
      writer.current ??= new DraftKeeper(DRAFTS, () => setUnkept(true));
      writer.current.keep(draftOf(base, whole));
      setKept(false);
      void writer.current.done().then(() => setKept(true));
    },
    [draftOf],
  );
  const carry = useCallback(
    async (base: string, whole: ReadonlyMap<string, Runs>) => {
      // What is being written would be offered beside it.
      await writer.current?.done();
      keeper.carry(draftOf(base, whole));
    },
    [draftOf, keeper],
  );

  const forget = useCallback(
    async (base: string) => {
      // What is being written would come back.
      await writer.current?.done();
      await removed({ user, study, base, window: THIS_WINDOW });
    },
    [user, study],
  );

  // Whoever leaves the page within these milliseconds is asked whether to.
  useEffect(() => {
    if (isKept) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [isKept]);

  const offered = found && (offerOf(found, images) ?? null);
  const isForeign = !!offered && !isOn(offered.images, images);
  const isCarried = carried !== null && offered === carried && !isForeign;
  const putAside = useCallback(() => {
    if (!offered) return;
    setFound((all) => all?.filter((one) => !isTwin(one, offered)));
    keeper.drop(offered);
  }, [offered, keeper]);
  const taken = useCallback(
    async (base: string) => {
      putAside();
      if (!offered || isSame(offered, { user, study, base, window: THIS_WINDOW })) return;
      // Not before it is kept among the new edits.
      if (await writer.current?.done()) await removed(offered);
    },
    [offered, putAside, user, study],
  );
  const discard = useCallback(async () => {
    const twins = found?.filter((one) => offered && isTwin(one, offered)) ?? [];
    await Promise.all(twins.map(removed));
    // Not before: whoever sees it gone may close the page.
    putAside();
  }, [found, offered, putAside]);
  return {
    offered,
    isForeign,
    isCarried,
    isUnkept,
    isKept,
    keep,
    carry,
    forget,
    taken,
    putAside,
    discard,
  };
}

const NOTHING = { shape: [1, 1, 1] as const, affine: [] };

/** What cannot be removed is offered again. */
function removed(draft: DraftKey): Promise<void> {
  return DRAFTS.remove(draft).catch(() => undefined);
}
