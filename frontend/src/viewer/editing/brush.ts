/**
 * The brush: a disc on the plane in view or a ball, of a size in mm, drawn along a line.
 *
 * Distances are the patient's: on thick slices a ball is a few slices high. A brush that is smaller
 * than a voxel still paints the one it is on.
 */
import type { Axis, Triple } from "../geometry";
import type { Voxels } from "../nifti";
import { type Box, type Space, triple } from "./space";

/** What may be painted over: everything, nothing that has a label, or one label only. */
export type Over = "all" | "unlabelled" | number;

export interface Brush {
  radiusMm: number;
  /** Through which axis the plane lies that it stays on; null is a ball. */
  plane: Axis | null;
}

/** What is painted, and where it may be. */
export interface Paint {
  label: number;
  over: Over;
  /** Only within these values; null is everywhere. */
  window: ValueWindow | null;
}

export interface ValueWindow {
  /** The lowest and the highest value that is painted, both included: HU or signal. */
  range: readonly [number, number];
  image: Values;
}

/** An image's values on the volume's voxels. */
export interface Values {
  voxels: Voxels;
  space: Space;
  slope: number;
  intercept: number;
}

export function isPaintable(before: number, label: number, over: Over): boolean {
  if (before === label) return false;
  if (over === "all") return true;
  return before === (over === "unlabelled" ? 0 : over);
}

/** Voxels that a brush reaches from one place to another, both in voxels (centres are whole). */
export function reachOf(from: Triple, to: Triple, brush: Brush, space: Space): Box {
  const { radiusMm, plane } = brush;
  const bounds = (axis: Axis): [number, number] => {
    if (axis === plane) {
      const slice = Math.round(from[axis]);
      return [slice, slice + 1];
    }
    const reach = Math.max(radiusMm / space.spacing[axis], 0.5);
    return [
      Math.ceil(Math.min(from[axis], to[axis]) - reach),
      Math.floor(Math.max(from[axis], to[axis]) + reach) + 1,
    ];
  };
  const within = (at: number, axis: Axis) => Math.min(Math.max(at, 0), space.shape[axis]);
  return {
    from: triple((axis) => within(bounds(axis)[0], axis)),
    to: triple((axis) => within(bounds(axis)[1], axis)),
  };
}

/**
 * Paint along a line.
 *
 * Tells every voxel that changed, with its number in RAS+ order and its label before.
 */
export function paint(
  voxels: Uint8Array,
  space: Space,
  [from, to]: readonly [Triple, Triple],
  brush: Brush,
  what: Paint,
  told: (index: number, before: number) => void,
): Box {
  const { shape, spacing, offsets } = space;
  const box = reachOf(from, to, brush, space);
  const isNear = nearnessOf(from, to, brush, spacing);
  const isWanted = wantedOf(what.window);
  const [x, y, z] = offsets;
  for (let k = box.from[2]; k < box.to[2]; k++)
    for (let j = box.from[1]; j < box.to[1]; j++) {
      const row = (y[j] ?? 0) + (z[k] ?? 0);
      for (let i = box.from[0]; i < box.to[0]; i++) {
        const offset = (x[i] ?? 0) + row;
        const before = voxels[offset] ?? 0;
        if (!isPaintable(before, what.label, what.over) || !isNear(i, j, k)) continue;
        if (isWanted && !isWanted(i, j, k)) continue;
        voxels[offset] = what.label;
        told(i + shape[0] * (j + shape[1] * k), before);
      }
    }
  return box;
}

/** Whether a voxel's centre is within the brush's radius of a line, or is what the line ends on. */
function nearnessOf(from: Triple, to: Triple, { radiusMm, plane }: Brush, spacing: Triple) {
  const weight = triple((axis) => (axis === plane ? 0 : spacing[axis]));
  const line = triple((axis) => (to[axis] - from[axis]) * weight[axis]);
  const lengthSquared = line[0] ** 2 + line[1] ** 2 + line[2] ** 2;
  const radiusSquared = radiusMm ** 2;
  const isAt = (end: Triple) => {
    const [x, y, z] = triple((axis) => Math.round(end[axis]));
    return (i: number, j: number, k: number) =>
      (plane === 0 || i === x) && (plane === 1 || j === y) && (plane === 2 || k === z);
  };
  const [isFirst, isLast] = [isAt(from), isAt(to)];
  return (i: number, j: number, k: number) => {
    const a = (i - from[0]) * weight[0];
    const b = (j - from[1]) * weight[1];
    const c = (k - from[2]) * weight[2];
    const along = lengthSquared && (a * line[0] + b * line[1] + c * line[2]) / lengthSquared;
    const at = Math.min(Math.max(along, 0), 1);
    const away = (a - at * line[0]) ** 2 + (b - at * line[1]) ** 2 + (c - at * line[2]) ** 2;
    return away <= radiusSquared || isFirst(i, j, k) || isLast(i, j, k);
  };
}

function wantedOf(window: ValueWindow | null) {
  if (!window) return null;
  const { voxels, space, slope, intercept } = window.image;
  const [x, y, z] = space.offsets;
  const [lowest, highest] = window.range;
  return (i: number, j: number, k: number) => {
    const stored = voxels[(x[i] ?? 0) + (y[j] ?? 0) + (z[k] ?? 0)] ?? NaN;
    const value = stored * slope + intercept;
    return value >= lowest && value <= highest;
  };
}
