import { expect, test } from "vitest";

import { dragged, percentiles, type Preset, presetOf, rangeOf, signalPresets } from "./windows";

const PRESETS: Preset[] = [
  { name: "soft_tissue", level: 40, width: 400 },
  { name: "lung", level: -600, width: 1500 },
];

test("a window lies around its level", () => {
  expect(rangeOf({ level: 40, width: 400 })).toEqual([-160, 240]);
});

test("dragging across widens, dragging down lifts the level", () => {
  const from = { level: 40, width: 400 };
  const to = dragged(from, { across: 30, down: 15 }, 4096);
  expect(to.width).toBeGreaterThan(400);
  expect(to.level).toBeGreaterThan(40);
});

test("a window never closes", () => {
  const to = dragged({ level: 40, width: 400 }, { across: -10_000, down: 0 }, 4096);
  expect(to.width).toBeGreaterThan(0);
});

test("a preset is recognised, anything else is none", () => {
  expect(presetOf(PRESETS, { level: -600, width: 1500 })).toBe("lung");
  expect(presetOf(PRESETS, { level: -600, width: 1501 })).toBeNull();
});

test("percentiles leave out what is no number", () => {
  const voxels = Float32Array.from([NaN, 0, 1, 2, 3, 4, Infinity]);
  expect(percentiles(voxels, [0, 0.5, 1])).toEqual([0, 2, 4]);
});

test("a sample of many voxels has their percentiles", () => {
  const voxels = Int16Array.from({ length: 1_000_000 }, (_, at) => at % 1000);
  const [low = 0, high = 0] = percentiles(voxels, [0.01, 0.99], 10_000);
  expect(low).toBeGreaterThanOrEqual(5);
  expect(low).toBeLessThanOrEqual(15);
  expect(high).toBeGreaterThanOrEqual(985);
});

test("windows of a signal come from the image, scaled as it is", () => {
  const voxels = Int16Array.from({ length: 101 }, (_, at) => at);
  const [usual, wide, full] = signalPresets(voxels, 2, 10);
  expect(usual && rangeOf(usual)).toEqual([12, 208]);
  expect(wide && rangeOf(wide)).toEqual([12, 306]);
  expect(full && rangeOf(full)).toEqual([10, 210]);
});

test("an image of one value has a window all the same", () => {
  for (const preset of signalPresets(new Int16Array(50), 1, 0))
    expect(preset.width).toBeGreaterThan(0);
});
