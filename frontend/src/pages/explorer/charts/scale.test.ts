import { expect, test } from "vitest";

import { linear, padded, ticksOf } from "./scale";

test("ticks are round numbers within the range", () => {
  expect(ticksOf(1103, 1888, 6)).toEqual([1200, 1400, 1600, 1800]);
  expect(ticksOf(-0.31, 0.32, 6)).toEqual([-0.2, 0, 0.2]);
  expect(ticksOf(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
});

test("ticks do not drift", () => {
  expect(ticksOf(0, 0.3, 3)).toEqual([0, 0.1, 0.2, 0.3]);
});

test("places follow the direction of the axis", () => {
  const x = linear([0, 10], [50, 150]);
  expect([0, 5, 10].map(x.place)).toEqual([50, 100, 150]);
  const y = linear([0, 10], [300, 100]);
  expect(y.place(10)).toBe(100);
});

test("decimals tell ticks apart", () => {
  expect(linear([0, 10], [0, 1], 5).digits).toBe(0);
  expect(linear([0, 1], [0, 1], 5).digits).toBe(1);
  expect(linear([0, 0.05], [0, 1], 5).digits).toBe(2);
});

test("values that are all alike stand in the middle", () => {
  expect(linear([7, 7], [0, 100]).place(7)).toBeCloseTo(50);
  expect(linear([0, 0], [0, 100]).place(0)).toBe(50);
});

test("there is room around the values", () => {
  expect(padded([10, 20], 0.1)).toEqual([9, 21]);
  expect(padded([])).toEqual([0, 1]);
});
