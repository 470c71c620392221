import { expect, test } from "vitest";

import { keyNumbers } from "./keyNumbers";

const measurement = (name: string, status: "measured" | "not_applicable" | "not_assessable") => ({
  name,
  status,
  value: status === "measured" ? 12 : null,
  unit: "cm3",
  reason: status === "measured" ? "" : "cut off",
  analysis: "organ_volumetry",
  structure: null,
  parameters: {},
});

test("the bleed comes first; what makes no sense is left out, what is missing stays", () => {
  const shown = keyNumbers([
    measurement("trachea_vol_cm3", "measured"),
    measurement("spleen_vol_cm3", "not_assessable"),
    measurement("liver_vol_cm3", "measured"),
    measurement("SMA_cm2", "not_applicable"),
    measurement("hemorrhage_vol_cm3", "measured"),
  ]);
  expect(shown.map(({ name }) => name)).toEqual([
    "hemorrhage_vol_cm3",
    "liver_vol_cm3",
    "spleen_vol_cm3",
  ]);
});

test("what is measured in some studies only is absent from the others", () => {
  const shown = keyNumbers([
    measurement("kidney_stones_left_diameter_mm", "measured"),
    measurement("kidney_stones_right_diameter_mm", "not_assessable"),
    measurement("L1_trabecular_hu_mean", "not_assessable"),
    measurement("aorta_abdominal_diameter_mm", "measured"),
    measurement("liver_vol_cm3", "not_assessable"),
  ]);
  expect(shown.map(({ name }) => name)).toEqual([
    "aorta_abdominal_diameter_mm",
    "kidney_stones_left_diameter_mm",
    "liver_vol_cm3",
  ]);
});
