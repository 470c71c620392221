import { expect, test } from "vitest";

import { RunBuilder, type Runs } from "../editing/runs";
import { gridOf } from "../editing/sample";
import { transform, type Triple } from "../geometry";
import { offsetAt } from "../nifti";
import {
  CHANGES,
  type Comparison,
  comparisonOf,
  largestSlice,
  nextSlice,
  pictureOf,
  placeOn,
} from "./comparison";

const SHAPE: Triple = [4, 3, 6];
const at = (i: number, j: number, k: number) => i + 4 * (j + 3 * k);

function runs(...rows: [start: number, length: number, before: number, after: number][]): Runs {
  const builder = new RunBuilder();
  for (const row of rows) builder.add(...row);
  return builder.done();
}

/** Liver 5 loses three voxels, one of them to the spleen 1; a voxel of muscle is new. */
const CHANGED: Comparison = (() => {
  const made = comparisonOf(
    new Map([
      ["total", runs([at(1, 1, 1), 2, 5, 0], [at(1, 1, 4), 1, 5, 1])],
      ["tissue_types", runs([at(3, 2, 4), 1, 0, 3])],
    ]),
    SHAPE,
  );
  if (!made) throw new Error("something differs");
  return made;
})();

test("each structure's loss and gain is told apart, and what went to another", () => {
  const told = CHANGED.structures.map(({ key, removed, added, given, taken }) => [
    ...[key, removed, added, given, taken],
  ]);
  expect(told).toEqual([
    ["total/5", 2, 0, 1, 0],
    ["total/1", 0, 0, 0, 1],
    ["tissue_types/3", 0, 1, 0, 0],
  ]);
  expect(comparisonOf(new Map([["total", runs()]]), SHAPE)).toBeNull();
});

test("slices with differences are found, up and down, and the fullest", () => {
  const [, , up] = CHANGED.slices;
  expect([...up]).toEqual([0, 2, 0, 0, 2, 0]);
  expect(largestSlice(up)).toBe(1);
  expect([nextSlice(up, 0, 1), nextSlice(up, 1, 1), nextSlice(up, 4, 1)]).toEqual([1, 4, null]);
  expect([nextSlice(up, 5, -1), nextSlice(up, 1, -1)]).toEqual([4, null]);
});

test("a jump ends on a voxel that differs, of the structure that was asked for", () => {
  expect(placeOn(CHANGED, SHAPE, { axis: 2, slice: 1 })).toEqual([1, 1, 1]);
  expect(placeOn(CHANGED, SHAPE, { axis: 0, slice: 2 })).toEqual([2, 1, 1]);
  const muscle = { axis: 2, slice: 4, only: "tissue_types/3" } as const;
  expect(placeOn(CHANGED, SHAPE, muscle)).toEqual([3, 2, 4]);
  expect(placeOn(CHANGED, SHAPE, { axis: 2, slice: 0 })).toBeNull();
});

test("the picture has the box of what differs, and its voxels where they are in the study", () => {
  const grid = gridOf(SHAPE);
  const picture = pictureOf(CHANGED, grid);
  expect(picture.shape).toEqual([3, 2, 4]);
  const seen = (i: number, j: number, k: number) => {
    const fraction: Triple = [(i + 0.5) / 4, (j + 0.5) / 3, (k + 0.5) / 6];
    return picture.voxels[offsetAt(picture, fraction)] ?? null;
  };
  expect(seen(2, 1, 1)).toBe(CHANGES.removed);
  expect(seen(1, 1, 4)).toBe(CHANGES.other);
  expect(seen(3, 2, 4)).toBe(CHANGES.added);
  expect([seen(3, 1, 1), seen(0, 0, 0)]).toEqual([0, null]);
  expect(transform(picture.fractionToVoxel, [0.375, 0.5, 0.25]).map(Math.round)).toEqual([0, 0, 0]);
});
