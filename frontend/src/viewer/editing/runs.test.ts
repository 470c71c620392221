import { describe, expect, test } from "vitest";

import {
  apply,
  boxOf,
  changesIn,
  composed,
  matching,
  NO_RUNS,
  rebased,
  reversed,
  RunBuilder,
  type Runs,
  voxelsOf,
} from "./runs";
import { labelsIn, ORIENTATIONS } from "./sample";
import { extracted } from "./space";

type Row = [start: number, length: number, before: number, after: number];

function runs(...rows: Row[]): Runs {
  const builder = new RunBuilder();
  for (const row of rows) builder.add(...row);
  return builder.done();
}

function rowsOf({ starts, lengths, before, after }: Runs): number[][] {
  return [...starts].map((start, at) => [start, lengths[at], before[at], after[at]] as number[]);
}

describe("runs", () => {
  test("join neighbours of the same change, and leave out what does not change", () => {
    const made = runs([3, 1, 0, 5], [4, 2, 0, 5], [6, 1, 1, 5], [7, 1, 5, 5], [8, 1, 0, 5]);
    expect(rowsOf(made)).toEqual([
      [3, 3, 0, 5],
      [6, 1, 1, 5],
      [8, 1, 0, 5],
    ]);
    expect(voxelsOf(made)).toBe(5);
  });

  test("one after another are one: first before, last after", () => {
    const first = runs([0, 4, 1, 2], [10, 2, 0, 3]);
    const second = runs([2, 4, 2, 7], [10, 1, 3, 0], [20, 1, 4, 5]);
    // [4, 6) was not changed by the first one, and is 2 before the second.
    expect(rowsOf(composed(first, second))).toEqual([
      [0, 2, 1, 2],
      [2, 2, 1, 7],
      [4, 2, 2, 7],
      [11, 1, 0, 3],
      [20, 1, 4, 5],
    ]);
  });

  test("and the way back are nothing", () => {
    const made = runs([0, 4, 1, 2], [10, 2, 0, 3]);
    expect(composed(made, reversed(made))).toEqual(NO_RUNS);
  });
});

test("whatever is composed changes what its parts do: random edits of random sizes", () => {
  let seed = 11;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  const { voxels, space } = labelsIn("LPS", [7, 5, 4], (i) => i % 3);
  const beginning = voxels.slice();
  let whole = NO_RUNS;
  for (let n = 0; n < 40; n++) {
    const box = { from: [random(6), random(4), random(3)], to: [7, 5, 4] } as const;
    const before = extracted(voxels, space, box);
    const after = before.map((label) => (random(4) === 0 ? random(3) : label));
    const step = changesIn(box, before, after, space.shape);
    apply(step, voxels, space);
    whole = composed(whole, step);
  }
  const end = voxels.slice();
  expect(voxelsOf(whole)).toBeGreaterThan(20);
  apply(reversed(whole), voxels, space);
  expect(voxels).toEqual(beginning);
  apply(whole, voxels, space);
  expect(voxels).toEqual(end);
});

describe.each(ORIENTATIONS)("in a file in %s order", (orientation) => {
  test("a change finds its voxels, and its box", () => {
    const { voxels, space } = labelsIn(orientation, [4, 3, 5], () => 0);
    // From the end of one row to the beginning of the next.
    const made = runs([3 + 4 * (1 + 3 * 2), 2, 0, 9]);
    apply(made, voxels, space);
    const seen = extracted(voxels, space, { from: [0, 0, 0], to: [4, 3, 5] });
    expect([...seen.keys()].filter((at) => seen[at] === 9)).toEqual([31, 32]);
    expect(boxOf(made, space.shape)).toEqual({ from: [0, 1, 2], to: [4, 3, 3] });
  });

  test("only what begins from what is there now is done", () => {
    const { voxels, space } = labelsIn(orientation, [4, 3, 5], (i) => (i < 2 ? 1 : 2));
    expect(rowsOf(matching(runs([0, 4, 1, 6]), voxels, space))).toEqual([[0, 2, 1, 6]]);
  });
});

test("nothing has no box", () => {
  expect(boxOf(NO_RUNS, [4, 3, 5])).toBeNull();
});

test("what waits is put onto other label maps as the server does", () => {
  // Drawn where 1 was; now there is 1, nothing, and 2.
  const { voxels, space } = labelsIn("RAS", [6, 1, 1], (i) => [1, 0, 2, 1, 0, 2][i] ?? 0);
  expect(rowsOf(rebased(runs([0, 3, 1, 7], [3, 3, 1, 0]), voxels, space))).toEqual([
    [0, 1, 1, 7],
    [1, 1, 0, 7],
    [2, 1, 2, 7],
    [3, 1, 1, 0],
  ]);
});
