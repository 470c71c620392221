import { expect, test } from "vitest";

import { ageIn, clockTime } from "./patientText";

test("an age is told in the unit that says something", () => {
  expect(ageIn(66.98)).toEqual([66, "years"]);
  expect(ageIn(2)).toEqual([2, "years"]);
  expect(ageIn(1.5)).toEqual([18, "months"]);
  expect(ageIn(0.6)).toEqual([7, "months"]);
  expect(ageIn(0.02)).toEqual([7, "days"]);
  expect(ageIn(0)).toEqual([0, "days"]);
});

test("the time of a study", () => {
  expect(clockTime("101500.250000")).toBe("10:15");
  expect(clockTime("0959")).toBe("09:59");
  expect(clockTime("10:15:00")).toBe("10:15");
  expect(clockTime("9")).toBeNull();
  expect(clockTime("2560")).toBeNull();
  expect(clockTime(null)).toBeNull();
});
