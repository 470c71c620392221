import { expect, test } from "vitest";

import type { Triple } from "../geometry";
import { type Block, Undoable } from "./block";
import { cutOff, givenAway, keptWithin, swapped } from "./pieces";

const SHAPE: Triple = [6, 3, 1];

function block(...rows: string[]): Block {
  const labels = Uint8Array.from(rows.flatMap((row) => Array.from(row, Number)));
  return { shape: SHAPE, spacing: [1, 2, 5], labels, values: null };
}

const rowsOf = (labels: Uint8Array) =>
  [0, 1, 2].map((row) => [...labels.subarray(6 * row, 6 * row + 6)].join(""));

test("a piece belongs to another structure, or to none; corners do not connect", () => {
  const two = block("110000", "001100", "000011");
  expect(rowsOf(givenAway(two, 1, 0, 7))).toEqual(["770000", "001100", "000011"]);
  expect(rowsOf(givenAway(two, 1, 8, 0))).toEqual(["110000", "000000", "000011"]);
});

test("where the structure is not there is no piece of it", () => {
  expect(() => givenAway(block("110000", "000000", "000000"), 1, 5, 0)).toThrow(Undoable);
});

test("left and right change places", () => {
  expect(rowsOf(swapped(block("112200", "330000", "000021"), 1, 2))).toEqual([
    "221100",
    "330000",
    "000012",
  ]);
});

test("a line cuts: one side goes, whichever way it was drawn", () => {
  const full = block("111111", "111111", "112111");
  const cut = { from: [2.5, 0, 0], to: [2.5, 2, 0], side: [5, 1, 0], through: 2 } as const;
  expect(rowsOf(cutOff(full, 1, cut, 0))).toEqual(["111000", "111000", "112000"]);
  const other = { ...cut, from: cut.to, to: cut.from };
  expect(rowsOf(cutOff(full, 1, other, 4))).toEqual(["111444", "111444", "112444"]);
  expect(rowsOf(cutOff(full, 1, { ...cut, side: [0, 0, 0] }, 0))).toEqual([
    "000111",
    "000111",
    "002111",
  ]);
});

test("a slanted line cuts as it is seen, in mm", () => {
  const full = block("111111", "111111", "111111");
  // Through voxels of 1 × 2 mm: from (0, 0) to (4, 4) mm.
  const cut = { from: [0, 0, 0], to: [4, 2, 0], side: [5, 0, 0], through: 2 } as const;
  expect(rowsOf(cutOff(full, 1, cut, 0))).toEqual(["100000", "111000", "111110"]);
});

test("a line without a side cuts nothing", () => {
  const cut = { from: [0, 0, 0], to: [0, 2, 0], side: [0, 1, 0], through: 2 } as const;
  expect(() => cutOff(block("111111", "000000", "000000"), 1, cut, 0)).toThrow(Undoable);
});

test("what lies outside a box goes; others stay", () => {
  const full = block("111122", "111122", "111122");
  expect(rowsOf(keptWithin(full, 1, { from: [1, 1, 0], to: [3, 3, 1] }))).toEqual([
    "000022",
    "011022",
    "011022",
  ]);
});
