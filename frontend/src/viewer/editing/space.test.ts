import { expect, test } from "vitest";

import { labelsIn, ORIENTATIONS } from "./sample";
import { extracted, fileBoxOf, joined, placeOf, widened } from "./space";

/** A number for each voxel. */
const NUMBERED = (i: number, j: number, k: number) => 1 + i + 4 * (j + 3 * k);

test.each(ORIENTATIONS)("voxels of a file in %s order come out in the volume's", (orientation) => {
  const { voxels, space } = labelsIn(orientation, [4, 3, 5], NUMBERED);
  const whole = extracted(voxels, space, { from: [0, 0, 0], to: [4, 3, 5] });
  expect([...whole]).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
  expect([...extracted(voxels, space, { from: [1, 2, 3], to: [3, 3, 4] })]).toEqual([46, 47]);
});

test.each(ORIENTATIONS)("a box lies in a file in %s order where its voxels do", (orientation) => {
  const inside = (i: number, j: number, k: number) =>
    Number(i >= 1 && i < 3 && j === 2 && k >= 2 && k < 5);
  const { image, voxels, space } = labelsIn(orientation, [4, 3, 5], inside);
  const { from, to } = fileBoxOf(image, space, { from: [1, 2, 2], to: [3, 3, 5] });
  let found = 0;
  for (let z = from[2]; z < to[2]; z++)
    for (let y = from[1]; y < to[1]; y++)
      for (let x = from[0]; x < to[0]; x++)
        found += voxels[x + image.shape[0] * (y + image.shape[1] * z)] ?? 0;
  expect(found).toBe(6);
  expect((to[0] - from[0]) * (to[1] - from[1]) * (to[2] - from[2])).toBe(6);
});

test("a number and a place are the same voxel", () => {
  expect(placeOf(1 + 4 * (2 + 3 * 3), [4, 3, 5])).toEqual([1, 2, 3]);
});

test("a margin is of mm, and ends with the volume", () => {
  const { space } = labelsIn("RAS", [20, 20, 20], () => 0, [1, 2, 5]);
  const box = { from: [8, 8, 8], to: [10, 10, 10] } as const;
  expect(widened(box, 4, space)).toEqual({ from: [4, 6, 7], to: [14, 12, 11] });
  expect(widened(box, 100, space)).toEqual({ from: [0, 0, 0], to: [20, 20, 20] });
});

test("boxes are joined by what is around both", () => {
  const box = { from: [1, 2, 3], to: [2, 3, 4] } as const;
  expect(joined(null, box)).toEqual(box);
  expect(joined(box, { from: [0, 5, 3], to: [1, 9, 4] })).toEqual({
    from: [0, 2, 3],
    to: [2, 9, 4],
  });
});
