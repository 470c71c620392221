import { mat4 } from "gl-matrix";
import { expect, test } from "vitest";

import { fractionToVoxel, type Grid } from "./geometry";
import { directions, hitAt } from "./hit";
import type { Image, Voxels } from "./nifti";
import { TISSUE, TOTAL } from "./sample";

const GRID: Grid = {
  shape: [2, 2, 1],
  affine: [
    [10, 0, 0, -5],
    [0, 10, 0, 40],
    [0, 0, 5, -1100],
    [0, 0, 0, 1],
  ],
};

function image(voxels: Voxels): Image {
  const matrix: mat4 = fractionToVoxel(GRID, GRID.affine);
  return { voxels, shape: GRID.shape, slope: 1, intercept: 0, fractionToVoxel: matrix };
}

const CT = image(Int16Array.from([-1000, 55, 60, 300]));
const MAPS = [
  { map: TOTAL, image: image(Uint8Array.from([0, 5, 5, 29])) },
  { map: TISSUE, image: image(Uint8Array.from([0, 3, 0, 0])) },
];

test("a hit has voxel, place, value, and the structures of every map", () => {
  const hit = hitAt([0.75, 0.25, 0.5], GRID, CT, MAPS);
  expect(hit?.index).toEqual([1, 0, 0]);
  expect(hit?.mm.map(Math.round)).toEqual([5, 40, -1100]);
  expect(hit?.value).toBe(55);
  expect(hit?.structures.map(({ structure }) => structure)).toEqual(["liver", "skeletal_muscle"]);
});

test("where there is no label there is no structure", () => {
  expect(hitAt([0.25, 0.25, 0.5], GRID, CT, MAPS)?.structures).toEqual([]);
});

test("outside there is nothing, before the image no value", () => {
  expect(hitAt([1.01, 0.5, 0.5], GRID, CT, MAPS)).toBeNull();
  expect(hitAt([0.25, 0.25, 0.5], GRID, null, [])?.value).toBeNull();
});

test("positions have letters, not signs", () => {
  const number = (value: number, digits: number) => value.toFixed(digits);
  expect(directions([44, -16, 1155], number)).toBe("R 44.0 · P 16.0 · S 1155.0");
  expect(directions([-44.04, 16, -3], number)).toBe("L 44.0 · A 16.0 · I 3.0");
});
