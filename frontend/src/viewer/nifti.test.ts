import { describe, expect, test } from "vitest";

import type { Grid } from "./geometry";
import { offsetAt, readImage, resampled, valueAt } from "./nifti";

const GRID: Grid = {
  shape: [3, 2, 2],
  affine: [
    [2, 0, 0, 10],
    [0, 2, 0, 20],
    [0, 0, 5, 30],
    [0, 0, 0, 1],
  ],
};
/** The same voxels, stored from left to right's other end, as most CTs are. */
const LAS = [
  [-2, 0, 0, 14],
  [0, 2, 0, 20],
  [0, 0, 5, 30],
];

function nifti(voxels: Int16Array, rows: number[][], slope = 1, intercept = 0): ArrayBuffer {
  const buffer = new ArrayBuffer(352 + voxels.byteLength);
  const view = new DataView(buffer);
  view.setInt32(0, 348, true);
  [3, 3, 2, 2, 1, 1, 1, 1].forEach((size, at) => view.setInt16(40 + 2 * at, size, true));
  view.setInt16(70, 4, true);
  view.setInt16(72, 16, true);
  [1, 2, 2, 5].forEach((size, at) => view.setFloat32(76 + 4 * at, size, true));
  view.setFloat32(108, 352, true);
  view.setFloat32(112, slope, true);
  view.setFloat32(116, intercept, true);
  view.setInt16(254, 1, true);
  rows.flat().forEach((value, at) => view.setFloat32(280 + 4 * at, value, true));
  [0x6e, 0x2b, 0x31].forEach((letter, at) => view.setUint8(344 + at, letter));
  new Int16Array(buffer, 352).set(voxels);
  return buffer;
}

const VOXELS = Int16Array.from({ length: 12 }, (_, at) => at * 10);
const centre = (i: number, j: number, k: number) =>
  [(i + 0.5) / 3, (j + 0.5) / 2, (k + 0.5) / 2] as const;

describe("an image", () => {
  const buffer = nifti(VOXELS, LAS);
  const image = readImage(buffer, GRID);

  test("keeps its voxels where they arrived", () => {
    expect(image.voxels.buffer).toBe(buffer);
    expect(image.shape).toEqual([3, 2, 2]);
  });

  test("is read in the volume's order, whatever its own is", () => {
    expect(valueAt(image, centre(0, 0, 0))).toBe(20);
    expect(valueAt(image, centre(2, 0, 0))).toBe(0);
    expect(valueAt(image, centre(2, 1, 1))).toBe(90);
  });

  test("has nothing outside", () => {
    expect(offsetAt(image, [1.2, 0.5, 0.5])).toBe(-1);
    expect(valueAt(image, [1.2, 0.5, 0.5])).toBeNull();
  });

  test("is resampled to RAS order", () => {
    expect([...resampled(image, [3, 2, 2])].slice(0, 6)).toEqual([20, 10, 0, 50, 40, 30]);
    expect([...resampled(image, [1, 1, 1])]).toEqual([100]);
  });

  test("has its values scaled", () => {
    const scaled = readImage(nifti(VOXELS, LAS, 0.5, -1000), GRID);
    expect(valueAt(scaled, centre(0, 0, 0))).toBe(-990);
  });
});

test("what is no NIfTI is refused", () => {
  expect(() => readImage(new ArrayBuffer(400), GRID)).toThrow(/NIFTI/);
});
