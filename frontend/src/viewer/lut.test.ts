import { expect, test } from "vitest";

import { lutOf, lutTexture } from "./lut";
import { TISSUE, TOTAL } from "./sample";

const rgba = (lut: Uint8Array, label: number) => [...lut.subarray(label * 4, label * 4 + 4)];

test("what is shown has its colour, what is not has none", () => {
  const lut = lutOf(TOTAL, new Set(["total/5"]));
  expect(rgba(lut, 5)).toEqual([5, 10, 15, 255]);
  expect(rgba(lut, 1)).toEqual([0, 0, 0, 0]);
  expect(rgba(lut, 0)).toEqual([0, 0, 0, 0]);
});

test("labels of another map do not count", () => {
  expect(rgba(lutOf(TISSUE, new Set(["total/1"])), 1)).toEqual([0, 0, 0, 0]);
});

test("what was jumped to lights up, shown or not", () => {
  expect(rgba(lutOf(TOTAL, new Set(), new Set(["total/5"])), 5)).toEqual([255, 255, 255, 255]);
});

test("maps are rows of one table", () => {
  const rows = [lutOf(TOTAL, new Set(["total/5"])), lutOf(TISSUE, new Set(["tissue_types/3"]))];
  const texture = lutTexture(rows);
  expect(texture.length).toBe(2 * 256 * 4);
  expect(rgba(texture, 256 + 3)).toEqual([3, 6, 9, 255]);
});
