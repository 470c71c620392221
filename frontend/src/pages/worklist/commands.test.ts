import { expect, test } from "vitest";

import { nameOf, portions, refusals } from "./commands";

test("what is done has a name", () => {
  expect(nameOf({ action: "priority", priority: 1 })).toBe("stat");
  expect(nameOf({ action: "priority", priority: 10 })).toBe("routine");
  expect(nameOf({ action: "read", on: false })).toBe("unread");
  expect(nameOf({ action: "flag", on: true })).toBe("flag");
  expect(nameOf({ action: "delete" })).toBe("delete");
});

test("no request names more studies than the server takes, and none is lost", () => {
  const many = Array.from({ length: 401 }, (_, index) => index + 1);
  expect(portions(many).map((one) => one.length)).toEqual([200, 200, 1]);
  expect(portions(many).flat()).toEqual(many);
  expect(portions([])).toEqual([]);
});

test("refusals of all requests are told", () => {
  const ok = { study_id: 1, outcome: "ok" as const, code: null, reason: null };
  const no = { study_id: 2, outcome: "refused" as const, code: "conflict", reason: "it waits" };
  const answers = [
    { action: "retry" as const, ok: 1, refused: 1, outcomes: [ok, no] },
    { action: "retry" as const, ok: 1, refused: 0, outcomes: [ok] },
  ];
  expect(refusals(answers)).toEqual([no]);
});
