import { expect, test } from "vitest";

import { nearest, neighbour } from "./nearest";

const PLACES = [
  { x: 30, y: 0 },
  { x: 10, y: 0 },
  { x: 20, y: 5 },
  { x: 20, y: 0 },
];

test("the nearest point within reach", () => {
  expect(nearest(PLACES, { x: 12, y: 1 }, 10)).toBe(1);
  expect(nearest(PLACES, { x: 20, y: 4 }, 10)).toBe(2);
  expect(nearest(PLACES, { x: 100, y: 100 }, 10)).toBeNull();
  expect(nearest([], { x: 0, y: 0 }, 10)).toBeNull();
});

test("the keyboard goes from left to right and stays at the ends", () => {
  expect(neighbour(PLACES, null, 1)).toBe(1);
  expect(neighbour(PLACES, 1, 1)).toBe(3);
  expect(neighbour(PLACES, 3, 1)).toBe(2);
  expect(neighbour(PLACES, 2, 1)).toBe(0);
  expect(neighbour(PLACES, 0, 1)).toBe(0);
  expect(neighbour(PLACES, null, -1)).toBe(0);
  expect(neighbour([], null, 1)).toBeNull();
});
