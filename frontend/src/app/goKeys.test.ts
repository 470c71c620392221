import { expect, test } from "vitest";

import { go, type Going } from "./goKeys";

const fresh = (): Going => ({ since: null });

test("g and a letter lead to a page", () => {
  const going = fresh();
  expect(go(going, "g", 0)).toBe("");
  expect(go(going, "e", 500)).toBe("/explorer");
  expect(go(going, "e", 600)).toBeNull();
});

test("a letter alone, too late, or after another key is left to the page", () => {
  expect(go(fresh(), "s", 0)).toBeNull();
  const late = fresh();
  go(late, "g", 0);
  expect(go(late, "s", 5000)).toBeNull();
  const between = fresh();
  go(between, "g", 0);
  go(between, "x", 100);
  expect(go(between, "s", 200)).toBeNull();
});

test("the question mark is enough by itself", () => {
  expect(go(fresh(), "?", 0)).toBe("/help");
});
