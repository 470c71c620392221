/** Brings the images of a study to the engine: something to see first, the rest after it. */
import { type RefObject, useEffect, useRef, useState } from "react";

import type { Engine } from "./engine";
import { isStored, type StoredMap } from "./labelMaps";
import { load } from "./loading";
import type { ImageFile, JumpTarget, ViewerManifest } from "./manifest";
import { readImage } from "./nifti";

export type Stage = "program" | "preview" | "volume" | "labels" | "done";
/** What did not come, though the viewer works. */
export type Trouble =
  | { what: "volume"; error: unknown }
  | { what: "large" }
  | { what: "labels"; map: string; error: unknown };

export interface Progress {
  stage: Stage;
  received: number;
  total: number;
  /** Something is drawn. */
  isVisible: boolean;
  /** It is the volume itself, not the preview. */
  isFull: boolean;
  troubles: Trouble[];
  /** Nothing can be drawn. */
  error: unknown;
}

const BEGINNING: Progress = {
  stage: "program",
  received: 0,
  total: 0,
  isVisible: false,
  isFull: false,
  troubles: [],
  error: null,
};

export class TooLarge extends Error {}

/** Bytes are told some times a second, not with every packet. */
const TOLD_MS = 100;

function nowAndThen(tell: (received: number) => void): (received: number) => void {
  let last = 0;
  return (received) => {
    const now = performance.now();
    if (now - last < TOLD_MS) return;
    last = now;
    tell(received);
  };
}

interface FirstFile {
  buffer: RefObject<Promise<ArrayBuffer> | null>;
  received: number;
}

/** What is seen first comes while the graphics prepare themselves: to be used before the engine. */
export function useFirstFile(manifest: ViewerManifest): FirstFile {
  const buffer = useRef<Promise<ArrayBuffer> | null>(null);
  const [received, setReceived] = useState(0);
  useEffect(() => {
    const file = manifest.preview ?? manifest.volume;
    if (!file) return;
    const controller = new AbortController();
    const { signal } = controller;
    const told = nowAndThen((bytes) => {
      if (!signal.aborted) setReceived(bytes);
    });
    buffer.current = load(file.url, file.plain_bytes, told, signal);
    // Whoever waits for it hears of an error.
    buffer.current.catch(() => undefined);
    return () => controller.abort();
  }, [manifest]);
  return { buffer, received };
}

/** What somebody waits for comes first. */
function inOrder(maps: readonly StoredMap[], target: JumpTarget | undefined): StoredMap[] {
  const isWanted = ({ name }: StoredMap) => target?.shown.some(({ map }) => map === name) ?? false;
  return maps.toSorted((one, other) => Number(isWanted(other)) - Number(isWanted(one)));
}

export function useStudyImages(
  engine: Engine | null,
  manifest: ViewerManifest,
  { buffer: early, received: earlyBytes }: FirstFile,
  onVisible: () => void,
  target: JumpTarget | undefined,
): Progress {
  const [progress, setProgress] = useState(BEGINNING);
  const latest = useRef({ onVisible, target });
  useEffect(() => {
    latest.current = { onVisible, target };
  });

  useEffect(() => {
    if (!engine) return;
    const controller = new AbortController();
    const { signal } = controller;
    const tell = (part: Partial<Progress>) => {
      if (!signal.aborted) setProgress((before) => ({ ...before, ...part }));
    };
    const trouble = (one: Trouble) => {
      if (!signal.aborted)
        setProgress((before) => ({ ...before, troubles: [...before.troubles, one] }));
    };

    const fetched = async (stage: Stage, file: Pick<ImageFile, "url" | "plain_bytes">) => {
      tell({ stage, received: 0, total: file.plain_bytes });
      const told = nowAndThen((received) => tell({ received }));
      return readImage(await load(file.url, file.plain_bytes, told, signal), engine.grid);
    };

    const first = async () => {
      const buffer = await early.current;
      if (!buffer) return;
      if (!(await engine.setImage(readImage(buffer, engine.grid)))) throw new TooLarge();
      latest.current.onVisible();
      tell({ isVisible: true, isFull: manifest.preview === null });
    };

    const labels = async (map: StoredMap) => {
      try {
        if (!(await engine.setLabels(map, await fetched("labels", map)))) throw new TooLarge();
      } catch (error) {
        trouble({ what: "labels", map: map.name, error });
      }
    };

    const full = async (file: ImageFile) => {
      try {
        if (await engine.setImage(await fetched("volume", file))) tell({ isFull: true });
        else trouble({ what: "large" });
      } catch (error) {
        trouble({ what: "volume", error });
      }
    };

    const everything = async ({ preview, volume }: ViewerManifest) => {
      if (!volume) return;
      await first();
      const maps = (manifest.labels ?? []).filter(isStored);
      for (const map of inOrder(maps, latest.current.target)) await labels(map);
      if (preview) await full(volume);
      tell({ stage: "done" });
    };
    everything(manifest).catch((error: unknown) => tell({ error }));
    return () => controller.abort();
  }, [engine, manifest, early]);

  const file = manifest.preview ?? manifest.volume;
  if (progress.stage !== "program" || earlyBytes === 0 || !file) return progress;
  const stage = manifest.preview ? "preview" : "volume";
  return { ...progress, stage, received: earlyBytes, total: file.plain_bytes };
}
