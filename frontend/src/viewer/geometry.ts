/**
 * Places in a study: in fractions of the field of view, in voxels, in mm.
 *
 * A fraction runs from 0 to 1 along right, anterior, superior, from edge to edge of the volume.
 * Voxel indices have their centres at whole numbers.
 */
import { mat4, vec3 } from "gl-matrix";

export type Triple = readonly [number, number, number];
export type Axis = 0 | 1 | 2;
export type Rows = readonly (readonly number[])[];

/** What the manifest tells of the volume: voxels in RAS+ order. */
export interface Grid {
  shape: Triple;
  affine: Rows;
}

/** Rows, as NIfTI and the API write them, to gl-matrix' columns. */
export function matrixOf(rows: Rows): mat4 {
  return mat4.transpose(mat4.create(), rows.flat().slice(0, 16));
}

/** Fraction → mm. */
export function fractionToMm({ shape, affine }: Grid): mat4 {
  const matrix = matrixOf(affine);
  mat4.translate(matrix, matrix, [-0.5, -0.5, -0.5]);
  return mat4.scale(matrix, matrix, [...shape]);
}

/** Fraction → voxel of a file, whose axes may run otherwise. */
export function fractionToVoxel(grid: Grid, fileAffine: Rows): mat4 {
  const inverse = mat4.invert(mat4.create(), matrixOf(fileAffine));
  if (!inverse) throw new Error("the image's affine has no inverse");
  return mat4.multiply(inverse, inverse, fractionToMm(grid));
}

export function transform(matrix: mat4, [x, y, z]: Triple): Triple {
  const [a, b, c] = vec3.transformMat4(vec3.create(), [x, y, z], matrix) as unknown as Triple;
  return [a, b, c];
}

export function mmToFraction(grid: Grid, mm: Triple): Triple {
  const inverse = mat4.invert(mat4.create(), fractionToMm(grid));
  if (!inverse) throw new Error("the volume's affine has no inverse");
  return transform(inverse, mm);
}

/** Index along an axis of the voxel at a fraction. */
export function indexAt(fraction: number, size: number): number {
  return Math.min(Math.max(Math.floor(fraction * size), 0), size - 1);
}

/** Fraction of a voxel's centre. */
export function centreOf(index: number, size: number): number {
  return (Math.min(Math.max(index, 0), size - 1) + 0.5) / size;
}

/** The nearest voxel centre. */
export function snapped(fraction: Triple, { shape }: Grid): Triple {
  const at = (axis: Axis) => centreOf(indexAt(fraction[axis], shape[axis]), shape[axis]);
  return [at(0), at(1), at(2)];
}

/** One voxel or more along an axis; stops at the ends. */
export function stepped(fraction: Triple, axis: Axis, by: number, { shape }: Grid): Triple {
  const moved: [number, number, number] = [...fraction];
  moved[axis] = centreOf(indexAt(fraction[axis], shape[axis]) + by, shape[axis]);
  return moved;
}

export function isInside(fraction: Triple): boolean {
  return fraction.every((one) => one >= 0 && one <= 1);
}

/** A coarser grid of the same field of view, of no more voxels than allowed. */
export function coarser({ shape, affine }: Grid, voxels: number): Grid {
  const count = shape[0] * shape[1] * shape[2];
  const by = Math.max(1, Math.cbrt(count / voxels));
  const size = shape.map((n) => Math.max(1, Math.round(n / by))) as unknown as Triple;
  const steps = [0, 1, 2].map((axis) => (shape[axis] ?? 1) / (size[axis] ?? 1));
  const rows = affine.slice(0, 3).map((row) => {
    const scaled = steps.map((step, axis) => (row[axis] ?? 0) * step);
    const origin = steps.reduce(
      (sum, step, axis) => sum + ((row[axis] ?? 0) * (step - 1)) / 2,
      row[3] ?? 0,
    );
    return [...scaled, origin];
  });
  return { shape: size, affine: [...rows, [0, 0, 0, 1]] };
}

/** A place on the canvas, in pixels of the screen. */
export type Pixel = [x: number, y: number];

/** Through which axis slices are stepped, and which axes go across and up on them. */
export interface Plane {
  through: Axis;
  across: Axis;
  up: Axis;
}

export const PLANES: Record<Axis, Plane> = {
  0: { through: 0, across: 1, up: 2 },
  1: { through: 1, across: 0, up: 2 },
  2: { through: 2, across: 0, up: 1 },
};

interface SeenSlice {
  leftTopWidthHeight: readonly number[];
  leftTopMM: readonly number[];
  fovMM: readonly number[];
}

/** Where a place lies on the canvas, also beyond what is seen of the slice. */
export function pixelOf(seen: SeenSlice, { across, up }: Plane, place: Triple): Pixel {
  // Mirrored slices have a negative width, and begin at their right.
  const [left = 0, top = 0, width = 0, height = 0] = seen.leftTopWidthHeight;
  const [fromX = 0, fromY = 0] = seen.leftTopMM;
  const [wide = 1, high = 1] = seen.fovMM;
  return [
    left + ((place[across] - fromX) / wide) * width,
    top + (1 - (place[up] - fromY) / high) * height,
  ];
}
