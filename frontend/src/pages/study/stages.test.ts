import { expect, test } from "vitest";

import type { Run } from "./queries";
import { resultsRevision, stagesOf } from "./stages";

test("a run that goes on", () => {
  const is = stagesOf({ stage: "segment", state: "segmenting", seconds: { prepare: 2 } }).map(
    (one) => one.is,
  );
  expect(is).toEqual(["done", "now", "waiting", "waiting"]);
});

test("a run that failed says where", () => {
  const stages = stagesOf({ stage: "segment", state: "failed", seconds: { prepare: 2 } });
  expect(stages[1]).toEqual({ stage: "segment", seconds: null, is: "stopped" });
});

test("older results are of an older revision", () => {
  const run = (revision: number, state: string) => ({ revision, state }) as Run;
  expect(resultsRevision([run(3, "segmenting"), run(2, "cancelled"), run(1, "done")])).toBe(1);
  expect(resultsRevision([])).toBeNull();
});
