import { expect, test } from "vitest";

import { commandOf, COMPARE_KEYS, LAYOUT_KEYS, TOOL_KEYS } from "./keys";

const pressed = (key: string, more: object = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
});

test("no key does two things", () => {
  const keys = [
    ...Object.values(LAYOUT_KEYS),
    ...Object.values(TOOL_KEYS),
    ...Object.values(COMPARE_KEYS),
    "m",
    "o",
    "r",
    "f",
    "/",
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

test("layouts, presets, slices", () => {
  expect(commandOf(pressed("c"))).toEqual({ do: "layout", layout: "coronal" });
  expect(commandOf(pressed("C"))).toEqual({ do: "layout", layout: "coronal" });
  expect(commandOf(pressed("3"))).toEqual({ do: "preset", index: 2 });
  expect(commandOf(pressed("ArrowDown"))).toEqual({ do: "scroll", by: -1 });
});

test("the browser's own shortcuts stay the browser's", () => {
  expect(commandOf(pressed("c", { ctrlKey: true }))).toBeNull();
  expect(commandOf(pressed("r", { metaKey: true }))).toBeNull();
  expect(commandOf(pressed("Tab"))).toBeNull();
});

test("some keys are the viewer's only while two sides are compared", () => {
  expect(commandOf(pressed("b"))).toBeNull();
  expect(commandOf(pressed("b"), true)).toEqual({ do: "compare", what: "flip" });
  expect(commandOf(pressed("a"), true)).toEqual({ do: "layout", layout: "axial" });
});

test("with Shift a letter is the page's, a sign is still itself", () => {
  expect(commandOf(pressed("R", { shiftKey: true }))).toBeNull();
  expect(commandOf(pressed("+", { shiftKey: true }))).toEqual({ do: "zoom", by: 1 });
});
