/** A part of a label map, taken out to be worked on: voxels in RAS+ order. */
import type { Triple } from "../geometry";
import { isPaintable, type Over } from "./brush";

export interface Block {
  shape: Triple;
  /** mm. */
  spacing: Triple;
  labels: Uint8Array<ArrayBuffer>;
  /** HU or signal; null where it is not asked for. */
  values: Float32Array<ArrayBuffer> | null;
}

/** An operation cannot be done, for a reason that has a name (a text of the viewer). */
export class Undoable extends Error {
  constructor(readonly reason: "fewVoxels" | "nothingThere" | "oneSlice") {
    super(reason);
  }
}

export function maskOf(labels: Uint8Array, label: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(labels, (one) => Number(one === label));
}

/** The labels when a structure's voxels are those of a mask, as far as it may paint over others. */
export function reshaped(
  { labels }: Block,
  label: number,
  over: Over,
  isIn: (at: number) => boolean,
): Uint8Array<ArrayBuffer> {
  return labels.map((before, at) => {
    if (before === label) return isIn(at) ? label : 0;
    return isPaintable(before, label, over) && isIn(at) ? label : before;
  });
}

/** Calls with the voxels that share a face with one; those beyond the block are left out. */
export function forEachNeighbour(
  at: number,
  [across, along, up]: Triple,
  visit: (neighbour: number) => void,
): void {
  const slice = across * along;
  const i = at % across;
  const j = Math.floor(at / across) % along;
  const k = Math.floor(at / slice);
  if (i > 0) visit(at - 1);
  if (i < across - 1) visit(at + 1);
  if (j > 0) visit(at - across);
  if (j < along - 1) visit(at + across);
  if (k > 0) visit(at - slice);
  if (k < up - 1) visit(at + slice);
}

/** Everything that is reached from some voxels over faces, through what is open; 1 where it is. */
export function flooded(
  seeds: Iterable<number>,
  shape: Triple,
  isOpen: (at: number) => boolean,
): Uint8Array<ArrayBuffer> {
  const reached = new Uint8Array(shape[0] * shape[1] * shape[2]);
  const waiting: number[] = [];
  const enter = (at: number) => {
    if (reached[at] || !isOpen(at)) return;
    reached[at] = 1;
    waiting.push(at);
  };
  for (const seed of seeds) enter(seed);
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop())
    forEachNeighbour(at, shape, enter);
  return reached;
}
