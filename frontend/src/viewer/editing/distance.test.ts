import { expect, test } from "vitest";

import type { Triple } from "../geometry";
import { signedDistances, squaredDistances } from "./distance";
import { placeOf } from "./space";

const SHAPE: Triple = [9, 7, 5];
const SPACING: Triple = [1, 0.7, 3];

function away(one: Triple, other: Triple): number {
  return one.reduce(
    (sum, at, axis) => sum + ((at - (other[axis] ?? 0)) * (SPACING[axis] ?? 1)) ** 2,
    0,
  );
}

test("distances are those of the nearest voxel, whatever the spacing", () => {
  const mask = Uint8Array.from({ length: 315 }, (_, at) => Number((at * 7919) % 41 === 0));
  const found = squaredDistances(mask, SHAPE, SPACING);
  const places = [...mask.keys()].filter((at) => mask[at]).map((at) => placeOf(at, SHAPE));
  expect(places.length).toBeGreaterThan(5);
  for (let at = 0; at < mask.length; at++)
    expect(found[at]).toBeCloseTo(
      Math.min(...places.map((place) => away(place, placeOf(at, SHAPE)))),
      9,
    );
});

test("there is no way to nothing", () => {
  expect(
    squaredDistances(new Uint8Array(315), SHAPE, SPACING).every((one) => one === Infinity),
  ).toBe(true);
});

test("inside is above 0, outside below", () => {
  const mask = Uint8Array.from([0, 0, 1, 1, 1, 0]);
  expect([...signedDistances(mask, [6, 1, 1], [2, 1, 1])]).toEqual([-4, -2, 2, 4, 2, -2]);
});
