import { describe, expect, test } from "vitest";

import {
  coarser,
  fractionToMm,
  fractionToVoxel,
  indexAt,
  mmToFraction,
  pixelOf,
  snapped,
  stepped,
  transform,
} from "./geometry";

const GRID = {
  shape: [88, 64, 72],
  affine: [
    [4, 0, 0, -176],
    [0, 4, 0, -128],
    [0, 0, 5, 900],
    [0, 0, 0, 1],
  ],
} as const;

describe("fractions of the field of view", () => {
  test("the centre of the first voxel is where the affine says", () => {
    expect(transform(fractionToMm(GRID), [0.5 / 88, 0.5 / 64, 0.5 / 72])).toEqual([
      expect.closeTo(-176),
      expect.closeTo(-128),
      expect.closeTo(900),
    ]);
  });

  test("mm and back", () => {
    const there = mmToFraction(GRID, [-72, -16, 1155]);
    expect(transform(fractionToMm(GRID), there).map(Math.round)).toEqual([-72, -16, 1155]);
    expect(indexAt(there[2], 72)).toBe(51);
  });

  test("a file stored from right to left is read from its other end", () => {
    const file = [[-4, 0, 0, 172], ...GRID.affine.slice(1)];
    expect(transform(fractionToVoxel(GRID, file), [0.5 / 88, 0.5, 0.5])[0]).toBeCloseTo(87);
  });

  test("a grid of two axes exchanged is followed", () => {
    const file = [
      [0, 4, 0, -176],
      [4, 0, 0, -128],
      [0, 0, 5, 900],
      [0, 0, 0, 1],
    ];
    const [i, j] = transform(fractionToVoxel(GRID, file), [0.5 / 88, 63.5 / 64, 0.5]);
    expect([i, j]).toEqual([expect.closeTo(63, 4), expect.closeTo(0, 4)]);
  });
});

describe("steps", () => {
  test("go from voxel centre to voxel centre", () => {
    const from = snapped([0.5, 0.5, 0.5], GRID);
    expect(stepped(from, 2, 1, GRID)[2]).toBeCloseTo(37.5 / 72);
  });

  test("end at the last slice", () => {
    expect(stepped([0.5, 0.5, 0.99], 2, 10, GRID)[2]).toBeCloseTo(71.5 / 72);
    expect(stepped([0.5, 0.5, 0.01], 2, -10, GRID)[2]).toBeCloseTo(0.5 / 72);
  });
});

test("a coarser grid covers the same field of view", () => {
  const grid = coarser(GRID, 5000);
  expect(grid.shape[0] * grid.shape[1] * grid.shape[2]).toBeLessThan(6000);
  for (const corner of [
    [0, 0, 0],
    [1, 1, 1],
  ] as const) {
    const [x, y, z] = transform(fractionToMm(grid), corner);
    const [a, b, c] = transform(fractionToMm(GRID), corner);
    expect([x, y, z]).toEqual([expect.closeTo(a, 3), expect.closeTo(b, 3), expect.closeTo(c, 3)]);
  }
});

test("a place on the canvas, mirrored and beyond the edge", () => {
  const axial = { through: 2, across: 0, up: 1 } as const;
  const seen = { leftTopWidthHeight: [10, 20, 200, 100], leftTopMM: [-50, -25], fovMM: [100, 50] };
  expect(pixelOf(seen, axial, [-50, -25, 7])).toEqual([10, 120]);
  expect(pixelOf(seen, axial, [50, 25, 7])).toEqual([210, 20]);
  expect(pixelOf(seen, axial, [100, 0, 7])).toEqual([310, 70]);
  const mirrored = { ...seen, leftTopWidthHeight: [210, 20, -200, 100] };
  expect(pixelOf(mirrored, axial, [-50, -25, 7])).toEqual([210, 120]);
  expect(pixelOf(mirrored, axial, [50, 25, 7])).toEqual([10, 20]);
});
