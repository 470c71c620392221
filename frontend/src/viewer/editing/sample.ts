/** Small label maps for tests, in files whose axes run as one wants. */
import { fractionToVoxel, type Grid, type Triple } from "../geometry";
import type { Image, Voxels } from "../nifti";
import { countOf, type Space, spaceOf, triple } from "./space";

/** Voxels of 1 × 1 × 3 mm, unless told otherwise. */
export function gridOf(shape: Triple, spacing: Triple = [1, 1, 3]): Grid {
  const row = (axis: number) => [0, 1, 2].map((at) => (at === axis ? (spacing[axis] ?? 1) : 0));
  return {
    shape,
    affine: [
      [...row(0), -20],
      [...row(1), 30],
      [...row(2), 100],
      [0, 0, 0, 1],
    ],
  };
}

const LETTERS = ["LR", "PA", "IS"] as const;

/** An image whose file's axes point to these directions (`LAS`, `PSR`), given in RAS+ order. */
export function imageIn(orientation: string, grid: Grid, ras: Voxels): Image {
  const axes = Array.from(orientation).map((letter) => {
    const axis = LETTERS.findIndex((pair) => pair.includes(letter));
    return { axis: axis as 0 | 1 | 2, isForward: LETTERS[axis]?.[1] === letter };
  });
  const shape = triple((file) => grid.shape[axes[file]?.axis ?? 0]);
  // Column by column: where a step along the file's axis goes, and where its first voxel is.
  const rows = [0, 1, 2].map((out) => {
    const row = grid.affine[out] ?? [];
    const steps = axes.map(({ axis, isForward }) => (row[axis] ?? 0) * (isForward ? 1 : -1));
    const origin = axes.reduce(
      (sum, { axis, isForward }) =>
        isForward ? sum : sum + (row[axis] ?? 0) * (grid.shape[axis] - 1),
      row[3] ?? 0,
    );
    return [...steps, origin];
  });
  const voxels = new (ras.constructor as new (count: number) => Voxels)(countOf(shape));
  for (let at = 0; at < voxels.length; at++) {
    const file = [
      at % shape[0],
      Math.floor(at / shape[0]) % shape[1],
      Math.floor(at / shape[0] / shape[1]),
    ];
    const place = [0, 0, 0];
    axes.forEach(({ axis, isForward }, n) => {
      place[axis] = isForward ? (file[n] ?? 0) : grid.shape[axis] - 1 - (file[n] ?? 0);
    });
    const [i = 0, j = 0, k = 0] = place;
    voxels[at] = ras[i + grid.shape[0] * (j + grid.shape[1] * k)] ?? 0;
  }
  return {
    voxels,
    shape,
    slope: 1,
    intercept: 0,
    fractionToVoxel: fractionToVoxel(grid, [...rows, [0, 0, 0, 1]]),
  };
}

export interface Sample {
  grid: Grid;
  image: Image;
  voxels: Uint8Array<ArrayBuffer>;
  space: Space;
}

/** A label map of a file of this orientation; its voxels are told by their place. */
export function labelsIn(
  orientation: string,
  shape: Triple,
  label: (i: number, j: number, k: number) => number,
  spacing?: Triple,
): Sample {
  const grid = gridOf(shape, spacing);
  const ras = new Uint8Array(countOf(shape));
  const [across, along] = shape;
  ras.forEach((_, at) => {
    const [i, j] = [at % across, Math.floor(at / across) % along];
    ras[at] = label(i, j, Math.floor(at / across / along));
  });
  const image = imageIn(orientation, grid, ras);
  return {
    grid,
    image,
    voxels: image.voxels as Uint8Array<ArrayBuffer>,
    space: spaceOf(image, grid),
  };
}

export const ORIENTATIONS = ["RAS", "LAS", "LPS", "PSR", "IRP"];
