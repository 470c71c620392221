import { expect, test } from "vitest";

import { chipsOf, isAlarming } from "./chips";

const finding = (severity: "critical" | "significant" | "note", acknowledged = false) => ({
  severity,
  acknowledged,
});

test("what waits for a person comes first, then the worst", () => {
  const findings = [finding("critical", true), finding("note"), finding("significant")];
  expect(chipsOf(findings, 2)).toEqual({
    shown: [finding("significant"), finding("note")],
    more: 1,
  });
  expect(chipsOf(findings, 5).more).toBe(0);
});

test("an acknowledged critical finding does not alarm any more", () => {
  expect(isAlarming([finding("note"), finding("critical")])).toBe(true);
  expect(isAlarming([finding("critical", true)])).toBe(false);
  expect(isAlarming([])).toBe(false);
});
