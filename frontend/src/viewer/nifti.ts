/** NIfTI-1 as the server sends it, unpacked: the voxels stay where they arrived. */
import { mat4 } from "gl-matrix";
import { readHeader } from "nifti-reader-js";

import { type Grid, fractionToVoxel, transform, type Triple } from "./geometry";

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

/** The nearest voxels on another grid of the same field of view, in its RAS+ order. */
export function resampled(image: Image, [across, along, up]: Triple): Voxels {
  const { voxels, shape, fractionToVoxel: matrix } = image;
  const result = new (voxels.constructor as new (count: number) => Voxels)(across * along * up);
  // The axes of file and volume are parallel: an offset is the sum of one per axis.
  const strides = [1, shape[0], shape[0] * shape[1]];
  const start = transform(matrix, [0, 0, 0]);
  const offsets = [across, along, up].map((count, axis) => {
    const along = [0, 1, 2].map((out) => matrix[axis * 4 + out] ?? 0);
    const fastest = along.reduce((best, _, out, all) => {
      return Math.abs(all[out] ?? 0) > Math.abs(all[best] ?? 0) ? out : best;
    }, 0);
    const size = shape[fastest] ?? 1;
    return Int32Array.from({ length: count }, (_, index) => {
      const at = (start[fastest] ?? 0) + ((along[fastest] ?? 0) * (index + 0.5)) / count;
      return Math.min(Math.max(Math.round(at), 0), size - 1) * (strides[fastest] ?? 1);
    });
  });
  const [x, y, z] = offsets as [Int32Array, Int32Array, Int32Array];
  let to = 0;
  for (const k of z) for (const j of y) for (const i of x) result[to++] = voxels[i + j + k] ?? 0;
  return result;
}
