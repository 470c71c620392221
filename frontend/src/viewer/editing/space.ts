/**
 * The volume's voxels in RAS+ order, and where they lie in the memory of an image.
 *
 * Everything in this folder counts voxels as the server does: `i + I·(j + J·k)`, along right,
 * anterior, superior. Only here is known that files store their axes otherwise.
 */
import { type Axis, type Grid, type Triple } from "../geometry";
import { fileAxisOf, type Image, type Offsets, offsetsOf, type Voxels } from "../nifti";

export interface Space {
  shape: Triple;
  /** Between voxels' centres, mm. */
  spacing: Triple;
  offsets: Offsets;
}

/** Voxels from (inclusive) to (exclusive). */
export interface Box {
  from: Triple;
  to: Triple;
}

export const AXES: readonly Axis[] = [0, 1, 2];

export function triple(make: (axis: Axis) => number): Triple {
  return [make(0), make(1), make(2)];
}

export function spacingOf({ affine }: Grid): Triple {
  return triple((axis) => Math.hypot(...affine.slice(0, 3).map((row) => row[axis] ?? 0)));
}

/** An image of the volume's field of view, seen on the volume's voxels. */
export function spaceOf(image: Image, grid: Grid): Space {
  return {
    shape: grid.shape,
    spacing: spacingOf(grid),
    offsets: offsetsOf(image, grid.shape),
  };
}

export function sizeOf({ from, to }: Box): Triple {
  return triple((axis) => Math.max(to[axis] - from[axis], 0));
}

export function countOf([across, along, up]: Triple): number {
  return across * along * up;
}

export function isEmpty(box: Box): boolean {
  return countOf(sizeOf(box)) === 0;
}

export function placeOf(index: number, [across, along]: Triple): Triple {
  const row = Math.floor(index / across);
  return [index % across, row % along, Math.floor(row / along)];
}

/** Both boxes, and what lies between them. */
export function joined(one: Box | null, other: Box | null): Box | null {
  if (!one || !other) return one ?? other;
  return {
    from: triple((axis) => Math.min(one.from[axis], other.from[axis])),
    to: triple((axis) => Math.max(one.to[axis], other.to[axis])),
  };
}

/** A box with a margin (mm), within the volume. */
export function widened({ from, to }: Box, mm: number, { shape, spacing }: Space): Box {
  const voxels = triple((axis) => Math.ceil(mm / spacing[axis]));
  return {
    from: triple((axis) => Math.max(from[axis] - voxels[axis], 0)),
    to: triple((axis) => Math.min(to[axis] + voxels[axis], shape[axis])),
  };
}

/** The voxels of a box, in RAS+ order. */
export function extracted<T extends Voxels>(voxels: T, { offsets }: Space, { from, to }: Box): T {
  const size = sizeOf({ from, to });
  const result = new (voxels.constructor as new (count: number) => T)(countOf(size));
  const [x, y, z] = offsets;
  let out = 0;
  for (let k = from[2]; k < to[2]; k++)
    for (let j = from[1]; j < to[1]; j++) {
      const row = (y[j] ?? 0) + (z[k] ?? 0);
      for (let i = from[0]; i < to[0]; i++) result[out++] = voxels[(x[i] ?? 0) + row] ?? 0;
    }
  return result;
}

/** The same box in the axes of the image's file. */
export function fileBoxOf(image: Image, { offsets }: Space, { from, to }: Box): Box {
  const least: [number, number, number] = [0, 0, 0];
  const most: [number, number, number] = [0, 0, 0];
  const strides: Triple = [1, image.shape[0], image.shape[0] * image.shape[1]];
  for (const axis of AXES) {
    const file = fileAxisOf(image, axis);
    const ends = [from[axis], to[axis] - 1].map((at) => (offsets[axis][at] ?? 0) / strides[file]);
    least[file] = Math.min(...ends);
    most[file] = Math.max(...ends) + 1;
  }
  return { from: least, to: most };
}
