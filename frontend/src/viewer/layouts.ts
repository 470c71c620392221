/** Which planes the canvas shows, and what of it is where. */
import { type Niivue, SLICE_TYPE } from "@niivue/niivue";

import type { Axis } from "./geometry";
import type { Layout } from "./state";

export const SLICE_TYPES: Record<Layout, SLICE_TYPE> = {
  axial: SLICE_TYPE.AXIAL,
  coronal: SLICE_TYPE.CORONAL,
  sagittal: SLICE_TYPE.SAGITTAL,
  render: SLICE_TYPE.RENDER,
  grid: SLICE_TYPE.MULTIPLANAR,
};
export const QUARTERS = [
  { sliceType: SLICE_TYPE.AXIAL, position: [0, 0, 0.5, 0.5] },
  { sliceType: SLICE_TYPE.CORONAL, position: [0.5, 0, 0.5, 0.5] },
  { sliceType: SLICE_TYPE.RENDER, position: [0, 0.5, 0.5, 0.5] },
  { sliceType: SLICE_TYPE.SAGITTAL, position: [0.5, 0.5, 0.5, 0.5] },
] satisfies Parameters<Niivue["setCustomLayout"]>[0];

/** Through which axis a layout's slices are stepped. */
export const AXES: Partial<Record<Layout, Axis>> = { axial: 2, coronal: 1, sagittal: 0, grid: 2 };

/** What of the canvas a point is on. */
export type Tile = { axis: Axis; layout: Layout } | { axis: null; layout: "render" };

const TILES: Partial<Record<SLICE_TYPE, Tile>> = {
  [SLICE_TYPE.AXIAL]: { axis: 2, layout: "axial" },
  [SLICE_TYPE.CORONAL]: { axis: 1, layout: "coronal" },
  [SLICE_TYPE.SAGITTAL]: { axis: 0, layout: "sagittal" },
  [SLICE_TYPE.RENDER]: { axis: null, layout: "render" },
};

export function tileOf(sliceType: SLICE_TYPE | undefined): Tile | null {
  return (sliceType === undefined ? null : TILES[sliceType]) ?? null;
}
