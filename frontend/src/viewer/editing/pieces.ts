/** What is done to a structure's pieces: given to another, cut, mirrored, kept within a box. */
import type { Triple } from "../geometry";
import { type Block, flooded, Undoable } from "./block";
import { type Box, placeOf } from "./space";

/** The piece of a structure that a voxel belongs to (connected over faces); 1 where it is. */
export function pieceAt({ labels, shape }: Block, label: number, seed: number) {
  if (labels[seed] !== label) throw new Undoable("nothingThere");
  return flooded([seed], shape, (at) => labels[at] === label);
}

/** Give the piece at a voxel to another structure, or to none (0). */
export function givenAway(block: Block, label: number, seed: number, to: number) {
  const piece = pieceAt(block, label, seed);
  return block.labels.map((before, at) => (piece[at] ? to : before));
}

/** Two structures of a pair change places, everywhere. */
export function swapped({ labels }: Block, one: number, other: number) {
  return labels.map((before) => (before === one ? other : before === other ? one : before));
}

/** A line on a slice: the plane through it that stands upright on the slice. */
export interface Cut {
  /** Two places on the line, and one on the side that is given away; voxels of the block. */
  from: Triple;
  to: Triple;
  side: Triple;
  /** Through which axis the slice lies. */
  through: 0 | 1 | 2;
}

/** Give everything of a structure on one side of a plane to another structure, or to none (0). */
export function cutOff(block: Block, label: number, cut: Cut, to: number) {
  const { shape, spacing, labels } = block;
  const [u, v] = ([0, 1, 2] as const).filter((axis) => axis !== cut.through) as [
    0 | 1 | 2,
    0 | 1 | 2,
  ];
  const across = (cut.to[u] - cut.from[u]) * spacing[u];
  const up = (cut.to[v] - cut.from[v]) * spacing[v];
  // Which side of the line a place is on, by the sign.
  const sideOf = (place: Triple) =>
    across * (place[v] - cut.from[v]) * spacing[v] - up * (place[u] - cut.from[u]) * spacing[u];
  const side = Math.sign(sideOf(cut.side));
  if (side === 0) throw new Undoable("nothingThere");
  return labels.map((before, at) =>
    before === label && Math.sign(sideOf(placeOf(at, shape))) === side ? to : before,
  );
}

/** Take away what of a structure lies outside a box (of the block's voxels). */
export function keptWithin({ labels, shape }: Block, label: number, { from, to }: Box) {
  return labels.map((before, at) => {
    if (before !== label) return before;
    const place = placeOf(at, shape);
    return place.every((one, axis) => one >= (from[axis] ?? 0) && one < (to[axis] ?? 0))
      ? before
      : 0;
  });
}
