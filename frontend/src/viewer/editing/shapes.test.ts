import { describe, expect, test } from "vitest";

import type { Triple } from "../geometry";
import { type Block, Undoable } from "./block";
import { filledBetween, grown, shrunk, smoothed, valuesOf } from "./shapes";
import { countOf, placeOf } from "./space";

type Told = (i: number, j: number, k: number) => number;

function block(shape: Triple, label: Told, value: Told | null = null, spacing: Triple = [1, 1, 1]) {
  const each = <T>(make: (place: Triple) => T) =>
    Array.from({ length: countOf(shape) }, (_, at) => make(placeOf(at, shape)));
  return {
    shape,
    spacing,
    labels: Uint8Array.from(each((place) => label(...place))),
    values: value && Float32Array.from(each((place) => value(...place))),
  } satisfies Block;
}

const countOfLabel = (labels: Uint8Array, label: number) =>
  labels.filter((one) => one === label).length;
const at = (labels: Uint8Array, [across, along]: Triple, i: number, j: number, k: number) =>
  labels[i + across * (j + along * k)];

describe("between slices", () => {
  const SHAPE: Triple = [31, 31, 9];
  /** A disc of radius 4 on the lowest slice, of 12 on the highest one. */
  const cone = (radius: (k: number) => number) =>
    block(SHAPE, (i, j, k) => Number(Math.hypot(i - 15, j - 15) < radius(k)));
  const ends = cone((k) => (k === 0 ? 4.5 : k === 8 ? 12.5 : 0));

  test("a cone is filled from its ends", () => {
    const filled = filledBetween(ends, 1, { axis: 2, right: [8, 0] }, "all");
    const wanted = cone((k) => 4.5 + k).labels;
    const both = filled.filter((one, n) => one === 1 && wanted[n] === 1).length;
    const dice = (2 * both) / (countOfLabel(filled, 1) + countOfLabel(wanted, 1));
    expect(dice).toBeGreaterThan(0.97);
    // The slices that were right stay to the voxel.
    const slice = 31 * 31;
    expect(filled.subarray(0, slice)).toEqual(ends.labels.subarray(0, slice));
    expect(filled.subarray(8 * slice)).toEqual(ends.labels.subarray(8 * slice));
  });

  test("what is not within the shape goes", () => {
    const wrong = block(SHAPE, (i, j, k) =>
      k === 0 || k === 8 ? Number(Math.hypot(i - 15, j - 15) < 5) : Number(i < 3),
    );
    const filled = filledBetween(wrong, 1, { axis: 2, right: [0, 8] }, "all");
    expect(at(filled, SHAPE, 1, 15, 4)).toBe(0);
    expect(at(filled, SHAPE, 15, 15, 4)).toBe(1);
  });

  test.each([0, 1, 2] as const)("it works across axis %i, and keeps to what is free", (axis) => {
    const shape: Triple = [9, 9, 9];
    const tube = block(shape, (...place) => {
      if (place.every((one, n) => n === axis || (one >= 3 && one < 6)))
        return place[axis] === 1 || place[axis] === 7 ? 1 : place[axis] === 4 ? 2 : 0;
      return 0;
    });
    const filled = filledBetween(tube, 1, { axis, right: [1, 7] }, "unlabelled");
    expect(countOfLabel(filled, 2)).toBe(9);
    expect(countOfLabel(filled, 1)).toBe(9 * 6);
  });

  test("one slice is not enough", () => {
    expect(() => filledBetween(ends, 1, { axis: 2, right: [0] }, "all")).toThrow(Undoable);
  });
});

describe("to what the image shows", () => {
  const SHAPE: Triple = [30, 20, 10];
  const organ = (i: number) => i >= 10 && i < 20;
  /** An organ of 60 HU, with noise, within fat of −100 HU. */
  const value: Told = (i, j, k) => (organ(i) ? 60 : -100) + (((i * 7 + j * 13 + k * 29) % 21) - 10);
  const BOUNDS = { mm: 20, deviations: 3 };

  test("its own values are the patient's", () => {
    const { lowest, highest } = valuesOf(
      block(SHAPE, (i) => Number(organ(i)), value),
      1,
      3,
    );
    expect(lowest).toBeGreaterThan(20);
    expect(highest).toBeLessThan(100);
  });

  test("it grows to its border and no farther", () => {
    const small = block(SHAPE, (i) => Number(i >= 13 && i < 16), value);
    const wide = grown(small, 1, BOUNDS, "all");
    expect(wide).toEqual(block(SHAPE, (i) => Number(organ(i))).labels);
  });

  test("it grows no farther than told, in mm", () => {
    const small = block(SHAPE, (i) => Number(i >= 13 && i < 16), value, [2, 1, 1]);
    const wide = grown(small, 1, { ...BOUNDS, mm: 4 }, "all");
    expect(wide).toEqual(block(SHAPE, (i) => Number(i >= 11 && i < 18)).labels);
  });

  test("it leaves its neighbours alone, and what is not connected to it", () => {
    const label: Told = (i) => (i >= 13 && i < 16 ? 1 : i === 17 ? 2 : 0);
    const wide = grown(block(SHAPE, label, value), 1, BOUNDS, "unlabelled");
    const wanted: Told = (i) => (i >= 10 && i < 17 ? 1 : i === 17 ? 2 : 0);
    expect(wide).toEqual(block(SHAPE, wanted).labels);
  });

  test("what has leaked into fat is peeled off, a vessel inside stays", () => {
    const leaked = block(
      SHAPE,
      (i) => Number(i >= 10 && i < 23),
      (i, j, k) => (i === 15 && j === 10 ? 300 : value(i, j, k)),
    );
    const peeled = shrunk(leaked, 1, BOUNDS);
    expect(peeled).toEqual(block(SHAPE, (i) => Number(organ(i))).labels);
  });

  test("a few voxels say nothing", () => {
    const few = block(SHAPE, (i, j, k) => Number(i === 1 && j === 1 && k < 5), value);
    expect(() => grown(few, 1, BOUNDS, "all")).toThrow(Undoable);
  });
});

describe("smoothing", () => {
  const SHAPE: Triple = [24, 24, 24];
  const inside = (i: number, j: number, k: number) =>
    [i, j, k].every((one) => one >= 6 && one < 18);

  test("fills pits, takes spikes, and leaves the size", () => {
    const rough: Told = (i, j, k) => {
      if (i === 12 && j === 12 && k === 17) return 0; // a pit
      if (i === 12 && j === 12 && k >= 18 && k < 21) return 1; // a spike
      return Number(inside(i, j, k));
    };
    const smooth = smoothed(block(SHAPE, rough), 1, 3, "all");
    expect(at(smooth, SHAPE, 12, 12, 17)).toBe(1);
    expect(at(smooth, SHAPE, 12, 12, 19)).toBe(0);
    // A cube loses its edges, and nothing else.
    expect(countOfLabel(smooth, 1)).toBeGreaterThan(0.9 * 12 ** 3);
    expect(countOfLabel(smooth, 1)).toBeLessThanOrEqual(12 ** 3);
  });

  test("takes nothing from a neighbour it may not paint over", () => {
    const label: Told = (i, j, k) => (inside(i, j, k) ? (i === 12 && j === 12 ? 2 : 1) : 0);
    const smooth = smoothed(block(SHAPE, label), 1, 3, "unlabelled");
    expect(countOfLabel(smooth, 2)).toBe(12);
  });
});
