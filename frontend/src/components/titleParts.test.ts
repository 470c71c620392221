import { expect, test } from "vitest";

import { titleParts } from "./titleParts";

test.each([
  ["Intracerebral haemorrhage, 15.5 cm³", " 15.5 cm³"],
  ["Intracerebral haemorrhage, large (≥ 30 cm³): 45.0 cm³", " 45.0 cm³"],
  ["Hemorragia intracerebral, grande (≥ 30 cm³): 1.045,0 cm³", " 1.045,0 cm³"],
  ["Liver attenuation in the range of steatosis, -12 HU", " -12 HU"],
  ["Liver steatosis by MR, fat 18.2 %", ""],
  ["Low skeletal muscle mass at L3", ""],
  ["Not wholly in the volume: kidney right, lung upper lobe left", ""],
  ["", ""],
])("%s", (title, quantity) => {
  const parts = titleParts(title);
  expect(parts.quantity).toBe(quantity);
  expect(parts.name + parts.quantity).toBe(title);
});

test("whose rule it is does not take the number's place", () => {
  expect(titleParts("Small liver: 870 cm³ (this department's rule)")).toEqual({
    name: "Small liver:",
    quantity: " 870 cm³",
  });
});
