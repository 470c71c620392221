/** How a person edits: tool, size, what may be painted over. One value, pure functions. */
import type { Over } from "./brush";

export const EDIT_TOOLS = ["brush", "eraser", "pick", "piece", "cut", "box"] as const;
export type EditTool = (typeof EDIT_TOOLS)[number];

export interface Settings {
  tool: EditTool;
  /** Brush and eraser: a disc on the plane in view, or a ball. */
  isBall: boolean;
  /** Diameter of the brush. */
  sizeMm: number;
  over: Over;
  /** Paint these values only (HU, or signal); null paints all. */
  range: readonly [number, number] | null;
  /** How far growing and shrinking move the border. */
  growMm: number;
  smoothMm: number;
  /** What pieces and cut-off parts become: another structure's label, or nothing (0). */
  into: number;
  /** A finger draws; else it moves the images, and only mouse and pen draw. */
  fingerDraws: boolean;
}

export const SIZE_MM = { least: 0.5, most: 100 } as const;
/** From one size to the next, by key or wheel. */
const SIZE_STEP = 1.25;
/** Of soft tissue, without fat and bone. */
export const USUAL_RANGE_HU = [-30, 200] as const;

export const USUAL: Settings = {
  tool: "brush",
  isBall: false,
  sizeMm: 10,
  over: "all",
  range: null,
  growMm: 5,
  smoothMm: 3,
  into: 0,
  fingerDraws: false,
};

/** Labels that are meant in one label map only. */
type Named = Pick<Settings, "over" | "into">;

/** What was named stays where another structure is edited, unless it names nothing there, or that one. */
export function namedBeside(
  { over, into }: Named,
  before: { map: string } | null,
  target: { map: string; label: number },
): Named {
  const names = (label: number) => before?.map === target.map && label !== target.label;
  return {
    over: typeof over !== "number" || names(over) ? over : USUAL.over,
    into: names(into) ? into : USUAL.into,
  };
}

/** The settings of now, for who paints and for who shows them. */
export class SettingsStore {
  #settings = USUAL;
  readonly #listeners = new Set<() => void>();

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  now = (): Settings => this.#settings;

  set = (part: Partial<Settings>): void => {
    this.#settings = { ...this.#settings, ...part };
    for (const listener of this.#listeners) listener();
  };
}

export function sized(sizeMm: number): number {
  const within = Math.min(Math.max(sizeMm, SIZE_MM.least), SIZE_MM.most);
  // Half mm are fine enough to be said.
  return Math.round(within * 2) / 2;
}

/** Larger or smaller by steps; each step is one. */
export function resized(sizeMm: number, steps: number): number {
  const wanted = sized(sizeMm * SIZE_STEP ** steps);
  return wanted === sizeMm ? sized(sizeMm + Math.sign(steps) * 0.5) : wanted;
}
