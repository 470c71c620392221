import { expect, test } from "vitest";

import { daysOf, rangeText, startOf } from "./days";

const NOW = new Date(2026, 2, 1, 0, 30);

test("recent days are those of the reader", () => {
  expect(daysOf("today", NOW)).toEqual({ from: "2026-03-01", to: "2026-03-01" });
  expect(daysOf("yesterday", NOW)).toEqual({ from: "2026-02-28", to: "2026-02-28" });
  expect(daysOf("7d", NOW)).toEqual({ from: "2026-02-23", to: "2026-03-01" });
  expect(daysOf("30d", NOW)).toEqual({ from: "2026-01-31", to: "2026-03-01" });
});

test("a range may be open on one side", () => {
  expect(daysOf("2026-02-01..2026-02-14")).toEqual({ from: "2026-02-01", to: "2026-02-14" });
  expect(daysOf("..2026-02-14")).toEqual({ from: undefined, to: "2026-02-14" });
  expect(rangeText({ from: "2026-02-01", to: undefined })).toBe("2026-02-01..");
  expect(rangeText({ from: undefined, to: undefined })).toBe("");
});

test.each(["", "..", "tomorrow", "2026-02-30..", "1..2", "2026-01-01..2026-01-02..2026-01-03"])(
  "%s means no days",
  (text) => {
    expect(daysOf(text)).toBeNull();
  },
);

test("a day begins at midnight here, also the one after the last of a month", () => {
  expect(startOf("2026-02-28", 1)).toBe(new Date(2026, 2, 1).toISOString());
});
