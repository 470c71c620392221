import { expect, test } from "vitest";

import {
  canResend,
  causeOf,
  currentFirst,
  type DeliveryState,
  intervalOf,
  isOpen,
} from "./deliveries";

const STATES: DeliveryState[] = [
  "waiting", "sending", "sent", "committed", "refused", "given_up", "superseded", "cancelled",
]; // prettier-ignore

test("what has not gone out can be called off; what is under way is left alone", () => {
  expect(STATES.filter((state) => isOpen({ state }))).toEqual(["waiting", "sending"]);
  expect(STATES.filter((state) => !canResend({ state }))).toEqual(["sending", "superseded"]);
});

test("a rule and a person are told apart", () => {
  expect(causeOf("rule:all CT")).toEqual({ by: "rule", name: "all CT" });
  expect(causeOf("user:anna")).toEqual({ by: "person", name: "user:anna" });
});

test("what was superseded stands last", () => {
  const all = (["superseded", "sent", "superseded", "waiting"] as const).map((state, n) => ({
    state,
    n,
  }));
  expect(currentFirst(all).map(({ n }) => n)).toEqual([1, 3, 0, 2]);
});

test("one asks often while something that is fresh is under way", () => {
  const now = Date.parse("2026-02-01T10:00:00Z");
  const at = (state: DeliveryState, changed_at: string) => [{ state, changed_at }];
  expect(intervalOf(at("sending", "2026-02-01T09:59:30Z"), 30_000, now)).toBe(3000);
  expect(intervalOf(at("sent", "2026-02-01T09:59:30Z"), 30_000, now)).toBe(30_000);
  expect(intervalOf(at("waiting", "2026-01-28T10:00:00Z"), 30_000, now)).toBe(30_000);
  expect(intervalOf(undefined, 30_000)).toBe(30_000);
  expect(intervalOf([], 30_000)).toBe(30_000);
});
