import { expect, test } from "vitest";

import type { Draft } from "./editing/drafts";
import { Keeper } from "./kept";

test("edits are carried until they have arrived; the end of others changes nothing", () => {
  const keeper = new Keeper();
  const [edits, others] = [{ base: "a" } as Draft, { base: "b" } as Draft];
  expect(keeper.edits()).toBeNull();
  keeper.carry(edits);
  keeper.drop(others);
  expect(keeper.edits()).toBe(edits);
  keeper.drop(edits);
  expect(keeper.edits()).toBeNull();
});
