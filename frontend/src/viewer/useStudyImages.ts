/** Brings the images of a study to the engine: something to see first, the rest after it. */
import { useEffect, useRef, useState } from "react";

import type { Engine } from "./engine";
import { load } from "./loading";
import type { ImageFile, LabelMap, ViewerManifest } from "./manifest";
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

export function useStudyImages(
  engine: Engine | null,
  manifest: ViewerManifest,
  onVisible: () => void,
): Progress {
  const [progress, setProgress] = useState(BEGINNING);
  const visible = useRef(onVisible);
  useEffect(() => {
    visible.current = onVisible;
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
      let last = 0;
      tell({ stage, received: 0, total: file.plain_bytes });
      const received = (bytes: number) => {
        if (performance.now() - last < TOLD_MS) return;
        last = performance.now();
        tell({ received: bytes });
      };
      const buffer = await load(file.url, file.plain_bytes, received, signal);
      return readImage(buffer, engine.grid);
    };

    const first = async (stage: "preview" | "volume", file: ImageFile) => {
      if (!(await engine.setImage(await fetched(stage, file)))) throw new TooLarge();
      visible.current();
      tell({ isVisible: true, isFull: stage === "volume" });
    };

    const labels = async (map: LabelMap) => {
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
      await first(preview ? "preview" : "volume", preview ?? volume);
      for (const map of manifest.labels ?? []) await labels(map);
      if (preview) await full(volume);
      tell({ stage: "done" });
    };
    everything(manifest).catch((error: unknown) => tell({ error }));
    return () => controller.abort();
  }, [engine, manifest]);

  return progress;
}
