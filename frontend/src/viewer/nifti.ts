/** NIfTI-1 as the server sends it, unpacked: the voxels stay where they arrived. */
import { mat4 } from "gl-matrix";
import { readHeader } from "nifti-reader-js";

import { type Axis, type Grid, fractionToVoxel, transform, type Triple } from "./geometry";

export type Voxels =
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>;

export interface Image {
  voxels: Voxels;
  /** Of the file, whose first axis is the fastest. */
  shape: Triple;
  slope: number;
  intercept: number;
  fractionToVoxel: mat4;
}

const AXES: readonly Axis[] = [0, 1, 2];

type View = (buffer: ArrayBuffer, offset: number, count: number) => Voxels;

const VIEWS: Record<number, View | undefined> = {
  2: (buffer, offset, count) => new Uint8Array(buffer, offset, count),
  4: (buffer, offset, count) => new Int16Array(buffer, offset, count),
  8: (buffer, offset, count) => Float32Array.from(new Int32Array(buffer, offset, count)),
  16: (buffer, offset, count) => new Float32Array(buffer, offset, count),
  64: (buffer, offset, count) =>
    Float32Array.from(new Float64Array(buffer.slice(offset, offset + count * 8))),
  256: (buffer, offset, count) => Int16Array.from(new Int8Array(buffer, offset, count)),
  512: (buffer, offset, count) => new Uint16Array(buffer, offset, count),
};

/** NIfTI's number of a type of voxels. */
export function niftiType(voxels: Voxels): number {
  if (voxels instanceof Uint8Array) return 2;
  if (voxels instanceof Int16Array) return 4;
  return voxels instanceof Uint16Array ? 512 : 16;
}

/** An image of the study; where its voxels are is told in fractions of the volume's field of view. */
export function readImage(buffer: ArrayBuffer, grid: Grid): Image {
  const header = readHeader(buffer);
  const view = VIEWS[header.datatypeCode];
  if (!view || !header.littleEndian) throw new Error("this is no image that the viewer can read");
  const [, i = 1, j = 1, k = 1] = header.dims;
  return {
    voxels: view(buffer, header.vox_offset, i * j * k),
    shape: [i, j, k],
    slope: header.scl_slope || 1,
    intercept: header.scl_inter || 0,
    fractionToVoxel: fractionToVoxel(grid, header.affine),
  };
}

/** A label map on the volume's voxels in which none has a label. */
export function blankImage(grid: Grid): Image {
  const [across, along, up] = grid.shape;
  return {
    // Memory is taken where it is written to.
    voxels: new Uint8Array(across * along * up),
    shape: grid.shape,
    slope: 1,
    intercept: 0,
    fractionToVoxel: fractionToVoxel(grid, grid.affine),
  };
}

/** Index of the voxel at a fraction; -1 outside. */
export function offsetAt(image: Image, fraction: Triple): number {
  const [i, j, k] = transform(image.fractionToVoxel, fraction).map(Math.round) as [
    number,
    number,
    number,
  ];
  const [across, along, up] = image.shape;
  const isOutside = i < 0 || j < 0 || k < 0 || i >= across || j >= along || k >= up;
  return isOutside ? -1 : i + across * (j + along * k);
}

/** Value at a fraction: HU or signal; null outside. */
export function valueAt(image: Image, fraction: Triple): number | null {
  const voxel = image.voxels[offsetAt(image, fraction)];
  return voxel === undefined ? null : voxel * image.slope + image.intercept;
}

/**
 * Where the voxels of another grid of the same field of view lie in an image's memory.
 *
 * The axes of file and volume are parallel: a voxel's offset is the sum of one per axis. Where the
 * other grid is the volume's own, and the image has its voxels, each voxel has one of its own.
 */
export type Offsets = readonly [Int32Array, Int32Array, Int32Array];

export function offsetsOf(image: Image, grid: Triple): Offsets {
  const { shape, fractionToVoxel: matrix } = image;
  const strides = [1, shape[0], shape[0] * shape[1]];
  const start = transform(matrix, [0, 0, 0]);
  const along = (axis: Axis) => {
    const count = grid[axis];
    const fastest = fileAxisOf(image, axis);
    const step = matrix[axis * 4 + fastest] ?? 0;
    return Int32Array.from({ length: count }, (_, index) => {
      const at = start[fastest] + (step * (index + 0.5)) / count;
      const voxel = Math.min(Math.max(Math.round(at), 0), shape[fastest] - 1);
      return voxel * (strides[fastest] ?? 1);
    });
  };
  return [along(0), along(1), along(2)];
}

/** The file's axis that runs along an axis of the volume. */
export function fileAxisOf({ fractionToVoxel: matrix }: Image, axis: Axis): Axis {
  const size = (out: number) => Math.abs(matrix[axis * 4 + out] ?? 0);
  return AXES.reduce((best, out) => (size(out) > size(best) ? out : best));
}

/** The nearest voxels on another grid of the same field of view, in its RAS+ order. */
export function resampled(image: Image, grid: Triple): Voxels {
  const { voxels } = image;
  const result = new (voxels.constructor as new (count: number) => Voxels)(
    grid[0] * grid[1] * grid[2],
  );
  const [x, y, z] = offsetsOf(image, grid);
  let to = 0;
  for (const k of z) for (const j of y) for (const i of x) result[to++] = voxels[i + j + k] ?? 0;
  return result;
}
