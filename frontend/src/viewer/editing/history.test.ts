import { describe, expect, test } from "vitest";

import { History, type Step } from "./history";
import { apply, changesIn, voxelsOf } from "./runs";
import { labelsIn, ORIENTATIONS } from "./sample";
import { extracted } from "./space";

function edited(sample: ReturnType<typeof labelsIn>, from: number, label: number): Step {
  const { voxels, space } = sample;
  const box = { from: [from, 0, 0], to: [from + 2, 4, 3] } as const;
  const before = extracted(voxels, space, box);
  const runs = changesIn(
    box,
    before,
    before.map(() => label),
    space.shape,
  );
  apply(runs, voxels, space);
  return { map: "total", runs };
}

describe.each(ORIENTATIONS)("in a file in %s order", (orientation) => {
  test("everything is undone to the byte, and done again", () => {
    const sample = labelsIn(orientation, [8, 4, 3], (i, j) => (i + j) % 3);
    const states = [sample.voxels.slice()];
    const history = new History();
    for (const [from, label] of [
      [0, 5],
      [1, 0],
      [5, 7],
      [0, 2],
    ] as const) {
      history.add(edited(sample, from, label));
      states.push(sample.voxels.slice());
    }
    const end = history.whole.get("total");
    for (const state of states.slice(0, -1).reverse()) {
      const step = history.undo();
      if (step) apply(step.runs, sample.voxels, sample.space);
      expect(sample.voxels).toEqual(state);
    }
    expect(history.undo()).toBeNull();
    expect(history.whole.size).toBe(0);
    for (const state of states.slice(1)) {
      const step = history.redo();
      if (step) apply(step.runs, sample.voxels, sample.space);
      expect(sample.voxels).toEqual(state);
    }
    expect(history.redo()).toBeNull();
    expect(history.whole.get("total")).toEqual(end);
  });
});

test("a new edit forgets what was undone", () => {
  const sample = labelsIn("RAS", [8, 4, 3], () => 0);
  const history = new History();
  history.add(edited(sample, 0, 5));
  history.undo();
  expect(history.canRedo).toBe(true);
  history.add(edited(sample, 2, 5));
  expect(history.canRedo).toBe(false);
});

test("what no longer fits cannot be undone, but is still saved", () => {
  const sample = labelsIn("RAS", [8, 4, 3], () => 0);
  const history = new History(250);
  for (const from of [0, 2, 4]) history.add(edited(sample, from, 5));
  const whole = history.whole.get("total");
  expect(whole && voxelsOf(whole)).toBe(3 * 24);
  let undone = 0;
  while (history.undo()) undone++;
  expect(undone).toBe(2);
  expect(voxelsOf(history.whole.get("total") ?? edited(sample, 0, 0).runs)).toBe(24);
});
