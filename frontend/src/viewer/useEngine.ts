/** The engine of a canvas: made with it, ended with it. */
import { type RefObject, useEffect, useState } from "react";

import { Engine } from "./engine";
import type { Grid } from "./geometry";
import type { LabelMap } from "./manifest";

export interface Started {
  engine: Engine | null;
  error: unknown;
  /** The graphics card gave up. */
  isLost: boolean;
}

const NOTHING: Started = { engine: null, error: null, isLost: false };

export function hasWebGl2(): boolean {
  return document.createElement("canvas").getContext("webgl2") !== null;
}

export function useEngine(
  canvas: RefObject<HTMLCanvasElement | null>,
  grid: Grid,
  maps: readonly LabelMap[],
): Started {
  const [started, setStarted] = useState(NOTHING);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const engine = new Engine(grid, maps);
    let isOver = false;
    const lost = (event: Event) => {
      event.preventDefault();
      if (!isOver) setStarted((before) => ({ ...before, isLost: true }));
    };
    element.addEventListener("webglcontextlost", lost);
    engine.attach(element).then(
      () => {
        if (!isOver) setStarted({ engine, error: null, isLost: false });
      },
      (error: unknown) => {
        if (!isOver) setStarted({ engine: null, error, isLost: false });
      },
    );
    return () => {
      isOver = true;
      element.removeEventListener("webglcontextlost", lost);
      engine.end();
      setStarted(NOTHING);
    };
  }, [canvas, grid, maps]);
  return started;
}
