import { describe, expect, test } from "vitest";

import type { Axis, Triple } from "../geometry";
import { type Brush, isPaintable, paint, type Paint } from "./brush";
import { gridOf, imageIn, labelsIn, ORIENTATIONS, type Sample } from "./sample";
import { AXES, placeOf, spaceOf } from "./space";

const PAINT: Paint = { label: 5, over: "all", window: null };

function painted(
  { voxels, space }: Sample,
  line: readonly [Triple, Triple],
  brush: Brush,
  what: Partial<Paint> = {},
): Triple[] {
  const indices: number[] = [];
  paint(voxels, space, line, brush, { ...PAINT, ...what }, (index) => indices.push(index));
  expect(indices).toEqual([...indices].sort((one, other) => one - other));
  return indices.map((index) => placeOf(index, space.shape));
}

const extent = (places: Triple[], axis: Axis) => new Set(places.map((place) => place[axis])).size;
const dab = (at: Triple): [Triple, Triple] => [at, at];

describe("a ball", () => {
  test("is a ball of the patient: fewer slices where slices are thick", () => {
    const sample = labelsIn("RAS", [41, 41, 41], () => 0, [1, 0.5, 3]);
    const places = painted(sample, dab([20, 20, 20]), { radiusMm: 6, plane: null });
    expect(AXES.map((axis) => extent(places, axis))).toEqual([13, 25, 5]);
    // Its volume is that of a ball of 6 mm, within the voxels' coarseness.
    const volume = places.length * 1 * 0.5 * 3;
    expect(volume).toBeGreaterThan(0.93 * ((4 / 3) * Math.PI * 6 ** 3));
    expect(volume).toBeLessThan(1.07 * ((4 / 3) * Math.PI * 6 ** 3));
  });

  test("reaches no voxel whose centre is farther away than its radius", () => {
    const sample = labelsIn("PSR", [21, 21, 21], () => 0, [1, 2, 3]);
    const places = painted(sample, dab([10, 10, 10]), { radiusMm: 7, plane: null });
    for (const [i, j, k] of places)
      expect(Math.hypot(i - 10, 2 * (j - 10), 3 * (k - 10))).toBeLessThanOrEqual(7);
  });
});

describe.each([0, 1, 2] as const)("a disc across axis %i", (plane) => {
  test("stays on its slice", () => {
    const places = painted(
      labelsIn("LAS", [31, 31, 31], () => 0),
      dab([15, 15, 15]),
      {
        radiusMm: 5,
        plane,
      },
    );
    expect(AXES.map((axis) => extent(places, axis) === 1)).toEqual(
      AXES.map((axis) => axis === plane),
    );
    expect(places.every((place) => place[plane] === 15)).toBe(true);
  });
});

test("a brush smaller than a voxel paints the one it is on", () => {
  const sample = labelsIn("RAS", [9, 9, 9], () => 0, [4, 4, 4]);
  expect(painted(sample, dab([3.4, 4.4, 5.3]), { radiusMm: 0.5, plane: null })).toEqual([
    [3, 4, 5],
  ]);
});

test("a fast stroke has no gaps", () => {
  const sample = labelsIn("RAS", [60, 9, 3], () => 0);
  const places = painted(
    sample,
    [
      [5, 4, 1],
      [50, 4, 1],
    ],
    { radiusMm: 2, plane: 2 },
  );
  for (let i = 3; i <= 52; i++) expect(places).toContainEqual([i, 4, 1]);
  expect(extent(places, 1)).toBe(5);
});

test("at the edge of the volume it ends", () => {
  const places = painted(
    labelsIn("RAS", [9, 9, 9], () => 0),
    dab([0, 8, 0]),
    {
      radiusMm: 3,
      plane: null,
    },
  );
  expect(places.length).toBeGreaterThan(10);
  expect(places.every((place) => place.every((at) => at >= 0 && at < 9))).toBe(true);
});

describe("what may be painted over", () => {
  const halves = () => labelsIn("LPS", [9, 9, 1], (i) => (i < 3 ? 0 : i < 6 ? 1 : 2));
  const disc: Brush = { radiusMm: 20, plane: 2 };

  test.each([
    ["all", 81],
    ["unlabelled", 27],
    [2, 27],
    [7, 0],
  ] as const)("%s: %i voxels", (over, count) => {
    expect(painted(halves(), dab([4, 4, 0]), disc, { over })).toHaveLength(count);
  });

  test("what is the label already does not change", () => {
    expect(painted(halves(), dab([4, 4, 0]), disc, { label: 1 })).toHaveLength(54);
    expect(isPaintable(1, 1, "all")).toBe(false);
  });
});

test.each(ORIENTATIONS)(
  "only values of the window are painted, image and labels apart: %s",
  (way) => {
    const sample = labelsIn("RAS", [8, 4, 2], () => 0);
    const grid = gridOf([8, 4, 2]);
    const values = Int16Array.from({ length: 64 }, (_, at) => (at % 8) * 10);
    const image = imageIn(way, grid, values);
    const window = {
      range: [-975, -955] as const,
      image: { voxels: image.voxels, space: spaceOf(image, grid), slope: 1, intercept: -1000 },
    };
    const places = painted(sample, dab([4, 2, 1]), { radiusMm: 30, plane: 2 }, { window });
    expect(places.map(([i]) => i)).toEqual([3, 4, 3, 4, 3, 4, 3, 4]);
  },
);
