import { expect, test } from "vitest";

import { split, type Weights } from "./weights";

const one = (task: string, origin: Weights["origin"]): Weights => ({
  task,
  origin,
  licence_required: false,
});

test("what must not be used clinically stands first, what is missing apart", () => {
  const { present, missing } = split([
    one("total", "official"),
    one("body", "missing"),
    one("total_mr", "bundled"),
    one("own", "other"),
    one("cerebral_bleed", "bundled"),
  ]);
  expect(present.map((row) => row.task)).toEqual(["cerebral_bleed", "total_mr", "own", "total"]);
  expect(missing.map((row) => row.task)).toEqual(["body"]);
});
