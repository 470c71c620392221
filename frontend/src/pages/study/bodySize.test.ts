import { expect, test } from "vitest";

import { centimetres, HEIGHT_CM, metres, typed, WEIGHT_KG } from "./bodySize";

test("a point and a comma are the same; nothing is nothing, not zero", () => {
  expect(typed(" 71,5 ", WEIGHT_KG)).toBe(71.5);
  expect(typed("71.5", WEIGHT_KG)).toBe(71.5);
  expect(typed("  ", WEIGHT_KG)).toBeNull();
});

test("another unit, and what is no number, is neither taken nor read as nothing", () => {
  for (const text of ["1.68", "1680", "0", "-170", "1e2", "170 cm", "170,5,1"])
    expect(typed(text, HEIGHT_CM)).toBeUndefined();
});

test("centimetres and metres go back and forth", () => {
  expect(metres(168.5)).toBe(1.685);
  expect(metres(null)).toBeNull();
  expect(centimetres(1.685)).toBe("168.5");
  expect(centimetres(1.1)).toBe("110");
  expect(centimetres(null)).toBe("");
});
