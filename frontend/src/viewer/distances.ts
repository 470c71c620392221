/**
 * Distances on slices.
 *
 * They are kept in mm and drawn by what was kept: a line that reaches beyond what is seen of the
 * slice is cut there, its number is not.
 */
import type { Niivue } from "@niivue/niivue";

import {
  type Axis,
  type Grid,
  indexAt,
  type Pixel,
  pixelOf,
  PLANES,
  type Triple,
} from "./geometry";
import { tileOf } from "./layouts";

type Tile = Niivue["screenSlices"][number];

interface Distance {
  axis: Axis;
  slice: number;
  ends: [Triple, Triple];
}

/** From a line's end to the middle of its text, and how near to an edge that may come. */
const TEXT_AWAY = 32;
const TEXT_MARGIN: Pixel = [36, 12];
export class Distances {
  readonly #nv: Niivue;
  readonly #grid: Grid;
  #kept: Distance[] = [];
  #begun: { from: Pixel; to: Pixel } | null = null;

  constructor(nv: Niivue, grid: Grid) {
    this.#nv = nv;
    this.#grid = grid;
  }

  get count(): number {
    return this.#kept.length;
  }

  begin(from: Pixel, to: Pixel): void {
    this.#begun = { from, to };
  }

  /** Keep what was begun, if it lies on one slice. */
  keep(): void {
    if (!this.#begun) return;
    const { from, to } = this.#begun;
    this.#begun = null;
    const ends = this.#endsOf(from, to);
    const at = this.#nv.tileIndex(...from);
    const plane = this.#planeOf(this.#nv.screenSlices[at]);
    if (!ends || !plane || at !== this.#nv.tileIndex(...to)) return;
    this.#kept.push({ axis: plane.through, slice: this.#sliceOf(plane.through), ends });
  }

  clear(): void {
    this.#kept = [];
    this.#begun = null;
  }

  /** Over the slices, which have been drawn. */
  draw(textOf: (mm: number) => string): void {
    for (const tile of this.#nv.screenSlices) {
      const plane = this.#planeOf(tile);
      if (!plane) continue;
      const slice = this.#sliceOf(plane.through);
      const here = this.#kept.filter((one) => one.axis === plane.through && one.slice === slice);
      for (const { ends } of here) {
        const [from, to] = [pixelOf(tile, plane, ends[0]), pixelOf(tile, plane, ends[1])];
        this.#drawLine(tile, from, to, textOf(lengthOf(ends)));
      }
    }
    if (!this.#begun) return;
    const { from, to } = this.#begun;
    const tile = this.#nv.screenSlices[this.#nv.tileIndex(...from)];
    const ends = this.#endsOf(from, to);
    if (tile) this.#drawLine(tile, from, to, ends ? textOf(lengthOf(ends)) : "");
  }

  #drawLine(tile: Tile, from: Pixel, to: Pixel, text: string): void {
    const { gl, opts, uiData } = this.#nv;
    const [left = 0, top = 0, wide = 0, high = 0] = tile.leftTopWidthHeight;
    const [start, width] = [Math.min(left, left + wide), Math.abs(wide)];
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(start, gl.canvas.height - top - high, width, high);
    this.#nv.drawMeasurementTool([...from, ...to], false);
    if (text) {
      const ratio = uiData.dpr ?? 1;
      const away = (TEXT_AWAY * ratio) / (Math.hypot(to[0] - from[0], to[1] - from[1]) || 1);
      const [marginX, marginY] = [TEXT_MARGIN[0] * ratio, TEXT_MARGIN[1] * ratio];
      const x = within(to[0] + (to[0] - from[0]) * away, start + marginX, start + width - marginX);
      const y = within(to[1] + (to[1] - from[1]) * away, top + marginY, top + high - marginY);
      this.#nv.drawTextBetween([x, y, x, y], text, 1, opts.measureTextColor);
    }
    gl.disable(gl.SCISSOR_TEST);
  }

  #planeOf(tile: Tile | undefined) {
    const axis = tileOf(tile?.axCorSag)?.axis;
    return axis == null ? undefined : PLANES[axis];
  }

  #sliceOf(axis: Axis): number {
    return indexAt(this.#nv.scene.crosshairPos[axis], this.#grid.shape[axis]);
  }

  /** Where a line begins and ends; `null` where it leaves the images. */
  #endsOf(from: Pixel, to: Pixel): Distance["ends"] | null {
    const [start, end] = [this.#nv.canvasPos2frac(from), this.#nv.canvasPos2frac(to)];
    if (start[0] < 0 || end[0] < 0) return null;
    const [a, b] = [this.#nv.frac2mm(start), this.#nv.frac2mm(end)];
    return [
      [a[0], a[1], a[2]],
      [b[0], b[1], b[2]],
    ];
  }
}

function lengthOf([start, end]: Distance["ends"]): number {
  return Math.hypot(start[0] - end[0], start[1] - end[1], start[2] - end[2]);
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), Math.max(most, least));
}
