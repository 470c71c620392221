import { expect, test } from "vitest";

import type { Measurement } from "@/pages/study/queries";

import { keyRows } from "./keyRows";

const one = (name: string, analysis: string, status: Measurement["status"] = "measured") =>
  ({ name, analysis, status, reason: status === "measured" ? "" : "no head" }) as Measurement;

test("what decides comes first; the inventory stays at home", () => {
  const { rows } = keyRows([
    one("body_regions", "body_regions"),
    one("liver_vol_cm3", "organ_volumetry"),
    one("SMA_cm2", "sarcopenia_l3"),
    one("aorta_vol_cm3", "structures"),
    one("muscle_HU_std", "sarcopenia_l3"),
  ]);
  expect(rows.map(({ name }) => name)).toEqual(["SMA_cm2", "liver_vol_cm3", "body_regions"]);
});

test("a task that was not run has no rows, one that could not answer has", () => {
  const unrun = { code: "task_not_run", parameters: {} } as Measurement["reason_coded"];
  const { rows, inapplicable } = keyRows([
    { ...one("lung_nodules", "lung_nodules", "not_assessable"), reason_coded: unrun },
    one("evans_index", "ventricles", "not_applicable"),
    one("pleural_effusion_left_ml", "effusions", "not_assessable"),
  ]);
  expect(rows.map(({ name }) => name)).toEqual(["pleural_effusion_left_ml"]);
  expect(inapplicable).toHaveLength(0);
});

test("what could not be answered is told; what makes no sense is told once", () => {
  const { rows, inapplicable } = keyRows([
    one("SMI_cm2_m2", "sarcopenia_l3", "not_assessable"),
    one("hemorrhage_vol_cm3", "cerebral_haemorrhage", "not_applicable"),
    one("hemorrhage_side", "cerebral_haemorrhage", "not_applicable"),
  ]);
  expect(rows.map(({ name }) => name)).toEqual(["SMI_cm2_m2"]);
  expect(inapplicable).toHaveLength(1);
  expect(inapplicable[0]).toMatchObject({ analysis: "cerebral_haemorrhage", reason: "no head" });
});

test("what answers in some studies only is absent from the others", () => {
  const { rows, inapplicable } = keyRows([
    one("aorta_ascending_diameter_mm", "aortic_diameters", "not_assessable"),
    one("aorta_abdominal_diameter_mm", "aortic_diameters"),
    one("aorta_arch_diameter_mm", "aortic_diameters"),
    one("coronary_calcium_category", "coronary_calcium", "not_applicable"),
  ]);
  expect(rows.map(({ name }) => name)).toEqual(["aorta_abdominal_diameter_mm"]);
  expect(inapplicable).toHaveLength(0);
});
