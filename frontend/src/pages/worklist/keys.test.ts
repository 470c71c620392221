import { expect, test } from "vitest";

import { actionOf } from "./keys";

const key = (name: string, held = {}) => ({
  key: name,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...held,
});

test("in the list every key works", () => {
  const found = ["/", "j", "ArrowUp", "Enter", " ", "x", "s", "u", "r", "Escape"].map((name) =>
    actionOf(key(name), "list"),
  );
  expect(found).toEqual([
    "search",
    "next",
    "previous",
    "open",
    "look",
    "select",
    "stat",
    "unread",
    "refresh",
    "escape",
  ]);
  expect(actionOf(key("q"), "list")).toBeNull();
});

test("a button keeps the keys that press it", () => {
  expect(actionOf(key("Enter"), "button")).toBeNull();
  expect(actionOf(key(" "), "button")).toBeNull();
  expect(actionOf(key("j"), "button")).toBe("next");
});

test("who types or answers a question is not disturbed, nor is the browser", () => {
  expect(actionOf(key("s"), "field")).toBeNull();
  expect(actionOf(key("Escape"), "dialog")).toBeNull();
  expect(actionOf(key("r", { ctrlKey: true }), "list")).toBeNull();
});
