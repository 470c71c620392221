import { expect, test } from "vitest";

import type { JumpTarget } from "@/viewer";

import { byUrgency, openingOf } from "./urgency";

function finding(id: number, severity: "critical" | "significant" | "note", seen = false) {
  return { id, severity, acknowledged_at: seen ? "2026-02-01T10:00:00Z" : null };
}

function place(slice: number): JumpTarget {
  return {
    structure: null,
    slice_index: slice,
    position_ijk: [0, 0, slice],
    position_ras_mm: [0, 0, slice],
    shown: [],
  };
}

const bleed = finding(1, "critical");
const spleen = finding(2, "significant");
const liver = finding(3, "note");
const places = { 1: place(80), 2: place(20), 3: place(30) };

test("the most urgent stands first, equals keep their order", () => {
  const other = finding(4, "significant");
  expect(byUrgency([liver, spleen, other, bleed])).toEqual([bleed, spleen, other, liver]);
});

test("the images open at the most urgent finding", () => {
  expect(openingOf([liver, spleen, bleed], places)).toEqual({ finding: 1, target: places[1] });
  expect(openingOf([liver, spleen], places)?.finding).toBe(2);
});

test("what somebody has acknowledged gives way to what nobody has", () => {
  expect(openingOf([finding(1, "critical", true), spleen], places)?.finding).toBe(2);
  expect(openingOf([finding(1, "critical", true)], places)).toBeNull();
});

test("a finding without a place gives way to one that has one", () => {
  expect(openingOf([bleed, spleen], { 2: place(20) })?.finding).toBe(2);
});

test("a note leaves the images where they are", () => {
  expect(openingOf([liver], places)).toBeNull();
  expect(openingOf([], places)).toBeNull();
});
