/** Editing in a workspace: whether it can begin, the session, saving, leaving. */
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";

import { useMay, useSession } from "@/app/session";

import type { Engine } from "../engine";
import type { Keeper } from "../kept";
import type { ViewerManifest } from "../manifest";
import type { StructureKey } from "../state";
import { useCorrections } from "./api";
import { decoded } from "./difference";
import { type Hand, handOf } from "./hand";
import { type Refusal, refusalBeside, refusalOf } from "./refusal";
import { EditSession, type Target } from "./session";
import { type Settings, SettingsStore } from "./settings";
import { type DraftState, useDraft } from "./useDraft";
import { type Editor, usePresence } from "./usePresence";
import { type Saving, useSaving } from "./useSaving";
import { Workshop } from "./workshop";

export interface Editing {
  /** Whether this person corrects anything at all. */
  isAllowed: boolean;
  /** Why it cannot begin. */
  refusal: Refusal | null;
  /** A draft can be gone on with. */
  canResume: boolean;
  session: EditSession | null;
  hand: Hand | null;
  settings: Settings;
  set: (part: Partial<Settings>) => void;
  /** Begin, with a structure where one was chosen. */
  begin: (target?: Target) => void;
  /** Go on with a draft; says how many voxels no longer fit. */
  resume: () => void;
  /** What of the draft was left out, since the label maps are others now; voxels. */
  leftOut: number;
  /** Edits are thrown away. */
  leave: () => Promise<void>;
  draft: DraftState;
  saving: Saving;
  others: readonly Editor[];
}

interface Props {
  manifest: ViewerManifest;
  engine: Engine | null;
  /** Everything has arrived. */
  isComplete: boolean;
  isNarrow: boolean;
  /** Both sides of a correction are looked at, and stay as they are. */
  isComparing: boolean;
  /** Make a structure visible. */
  show: (key: StructureKey) => void;
  /** Whether edits are being made: the workspace must stay. */
  onEditing: (isEditing: boolean) => void;
  /** Show what there is on the server now. */
  onRenew: () => Promise<void>;
  /** Where edits are that go on top of what is shown now. */
  keeper: Keeper;
}

export function useEditing(props: Props): Editing {
  const { manifest, engine, isComplete, isNarrow, show, onEditing, onRenew } = props;
  const study = manifest.study_id;
  const isAllowed = useMay("operate") && (manifest.labels?.length ?? 0) > 0 && !props.isComparing;
  const { name: user } = useSession();
  const { data: told, isError } = useCorrections(study, isAllowed);
  const [store] = useState(() => new SettingsStore());
  const { now, set } = store;
  const settings = useSyncExternalStore(store.subscribe, now);
  const [running, setRunning] = useState<{ session: EditSession; base: string } | null>(null);
  const [leftOut, setLeftOut] = useState(0);
  const session = running?.session ?? null;
  const workshop = useMemo(() => new Workshop(), []);
  useEffect(() => () => workshop.end(), [workshop]);

  const grid = engine?.grid ?? manifest.volume;
  const draft = useDraft(user, manifest, props.keeper);
  const { offered, isForeign, isCarried, keep, forget, carry, taken } = draft;
  const hindrance = refusalOf({ told, isError, isComplete, isNarrow });
  const refusal = hindrance ?? (running ? null : refusalBeside(isForeign ? null : offered));
  const isReady = isAllowed && hindrance === null && engine !== null;

  const start = useCallback(() => {
    if (running) return running;
    if (!isReady || !told) return null;
    const { base } = told;
    const made = new EditSession({
      pictures: engine,
      settings: now,
      set,
      workshop,
      changed: (whole) => keep(base, whole),
    });
    setRunning({ session: made, base });
    onEditing(true);
    return { session: made, base };
  }, [running, isReady, told, engine, now, set, workshop, keep, onEditing]);

  const begin = useCallback(
    (target?: Target) => {
      const started = refusal === null ? start() : running;
      if (!started || !target) return;
      started.session.choose(target);
      show(`${target.map}/${target.label}`);
    },
    [refusal, start, running, show],
  );

  const resume = useCallback(() => {
    const started = offered && !isForeign && start();
    if (!started) return;
    const { left } = started.session.resume(decoded(offered.bytes).maps);
    setLeftOut(left);
    void taken(started.base);
  }, [offered, isForeign, start, taken]);

  // Whoever loaded another's version wanted the edits on top of it.
  const isResumed = useRef(false);
  useEffect(() => {
    if (!isCarried || !isReady || isResumed.current) return;
    isResumed.current = true;
    resume();
  }, [isCarried, isReady, resume]);

  const leave = useCallback(async () => {
    if (!running) return;
    running.session.escape();
    running.session.discard();
    setRunning(null);
    setLeftOut(0);
    await forget(running.base);
    onEditing(false);
  }, [running, forget, onEditing]);

  const saving = useSaving({ study, running, grid: grid ?? EMPTY, forget, carry, onRenew });
  const others = usePresence(study, running !== null);
  const hand = useMemo(
    () => (engine && session && !saving.isBusy ? handOf(engine, session, now, set) : null),
    [engine, session, saving.isBusy, now, set],
  );
  return {
    isAllowed,
    refusal,
    canResume: isReady,
    session,
    hand,
    settings,
    set,
    begin,
    resume,
    leftOut,
    leave,
    draft,
    saving,
    others,
  };
}

const EMPTY = { shape: [1, 1, 1] as const, affine: [] };
