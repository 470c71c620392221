import { expect, test } from "vitest";

import { centimetres, HEIGHT_CM, kilograms, metres, typed, WEIGHT_KG } from "./bodySize";

test("a point and a comma are the same; nothing is nothing, not zero", () => {
  expect(typed(" 71,5 ", WEIGHT_KG)).toBe(71.5);
  expect(typed("71.5", WEIGHT_KG)).toBe(71.5);
  expect(typed("  ", WEIGHT_KG)).toBeNull();
});

test("another unit, and what is no number, is neither taken nor read as nothing", () => {
  for (const text of ["1.68", "1680", "0", "-170", "1e2", "170 cm", "170,5,1"])
    expect(typed(text, HEIGHT_CM)).toBeUndefined();
});

test("whatever weight another system told can be typed", () => {
  expect(kilograms(69.8532)).toBe("69.85"); // 154 lb
  expect(kilograms(3.412)).toBe("3.412");
  expect(kilograms(70)).toBe("70");
  expect(kilograms(null)).toBe("");
  for (const weight_kg of [69.8532, 3.412, 0.3, 9.99996, 10.0004, 123.4568, 500])
    expect(typed(kilograms(weight_kg), WEIGHT_KG)).toBeCloseTo(weight_kg, 2);
});

test("centimetres and metres go back and forth", () => {
  expect(metres(168.5)).toBe(1.685);
  expect(metres(null)).toBeNull();
  expect(centimetres(1.685)).toBe("168.5");
  expect(centimetres(1.1)).toBe("110");
  expect(centimetres(null)).toBe("");
});
