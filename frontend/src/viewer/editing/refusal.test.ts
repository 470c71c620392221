import { expect, test } from "vitest";

import type { Draft } from "./drafts";
import { refusalBeside, refusalOf } from "./refusal";

const READY = {
  told: { can_correct: true, why_not: null },
  isError: false,
  isComplete: true,
  isNarrow: false,
};

test("editing begins when everything has arrived and the server agrees", () => {
  expect(refusalOf(READY)).toBeNull();
  expect(refusalOf({ ...READY, told: undefined })).toBe("loading");
  expect(refusalOf({ ...READY, isComplete: false })).toBe("loading");
  expect(refusalOf({ ...READY, isError: true })).toBe("unknown");
  expect(refusalOf({ ...READY, isNarrow: true })).toBe("narrow");
  const why = { code: "correction_while_processed", parameters: {} };
  const told = { can_correct: false, why_not: why };
  expect(refusalOf({ ...READY, told })).toEqual({ told: why });
});

test("it does not begin beside a draft that nobody has answered, nor before one is looked for", () => {
  expect(refusalBeside({ structures: ["liver"] } as unknown as Draft)).toBe("draft");
  expect(refusalBeside(undefined)).toBe("loading");
  expect(refusalBeside(null)).toBeNull();
});
