import { expect, test } from "vitest";

import { commandOf } from "../keys";
import { EDIT_KEYS, editCommandOf, wayOf } from "./editKeys";

const pressed = (key: string, more: object = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
});

test("no key of a tool is one of the viewer's", () => {
  for (const key of [...Object.values(EDIT_KEYS), "j", "[", "]", ",", "."])
    expect(commandOf(pressed(key))).toBeNull();
});

test("tools, size, undo and redo", () => {
  expect(editCommandOf(pressed("b"))).toEqual({ do: "tool", tool: "brush" });
  expect(editCommandOf(pressed("]"))).toEqual({ do: "size", steps: 1 });
  expect(editCommandOf(pressed("z", { ctrlKey: true }))).toEqual({ do: "undo" });
  expect(editCommandOf(pressed("Z", { ctrlKey: true, shiftKey: true }))).toEqual({ do: "redo" });
  expect(editCommandOf(pressed("z", { metaKey: true }))).toEqual({ do: "undo" });
  expect(editCommandOf(pressed("s", { ctrlKey: true }))).toEqual({ do: "save" });
});

test("Shift goes far, and keys of others are left to them", () => {
  expect(editCommandOf(pressed("ArrowLeft"))).toEqual({ do: "move", across: -1, up: 0 });
  expect(editCommandOf(pressed("ArrowUp", { shiftKey: true }))).toEqual({
    do: "move",
    across: 0,
    up: 10,
  });
  expect(editCommandOf(pressed("ArrowUp", { altKey: true }))).toBeNull();
  expect(editCommandOf(pressed("a"))).toBeNull();
  expect(editCommandOf(pressed("b", { shiftKey: true }))).toBeNull();
  expect(editCommandOf(pressed("b", { ctrlKey: true }))).toBeNull();
});

test("right on the screen is the patient's left, or back", () => {
  expect(wayOf(2, 1, 0)).toEqual([-1, 0, 0]);
  expect(wayOf(2, 0, 1)).toEqual([0, 1, 0]);
  expect(wayOf(1, 1, 2)).toEqual([-1, 0, 2]);
  expect(wayOf(0, 1, 2)).toEqual([0, -1, 2]);
});
