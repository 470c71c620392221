import { expect, test } from "vitest";

import type { Measurement } from "../queries";
import { filtered, groupsOf, matrixOf } from "./grouping";

function measured(name: string, analysis: string, value: number | null = 1): Measurement {
  return {
    name,
    analysis,
    value,
    unit: "",
    status: value === null ? "not_applicable" : "measured",
    reason: value === null ? "no head" : "",
    reason_coded: null,
    structure: null,
    parameters: {},
    corrected: false,
    reference: null,
    flag: null,
    other_references: [],
    norms: [],
    reference_caveats: [],
    reference_caveats_coded: [],
  };
}

const some = [
  measured("liver_hu_mean", "structures"),
  measured("liver_vol_cm3", "organ_volumetry"),
  measured("hemorrhage_vol_cm3", "cerebral_haemorrhage", null),
  measured("hemorrhage_side", "cerebral_haemorrhage", null),
];

test("the patient first, then the scan, the inventory, and what makes no sense here", () => {
  const all = [measured("contrast_phase", "contrast_phase"), ...some];
  expect(groupsOf(all, []).map(({ analysis }) => analysis)).toEqual([
    "organ_volumetry",
    "contrast_phase",
    "structures",
    "cerebral_haemorrhage",
  ]);
});

test("what could not be answered keeps its place", () => {
  const unsure = { ...measured("hemorrhage_vol_cm3", "cerebral_haemorrhage", null) };
  const rows = [{ ...unsure, status: "not_assessable" as const }, ...some.slice(0, 2)];
  expect(groupsOf(rows, [])[0]?.analysis).toBe("cerebral_haemorrhage");
});

const analyses = (all: Measurement[], findings: Parameters<typeof groupsOf>[1]) =>
  groupsOf(all, findings).map(({ analysis }) => analysis);

test("a head's bleeding, or its absence, stands above its tissues", () => {
  const head = [
    measured("fat_vol_cm3", "tissue_composition"),
    measured("bleed", "cerebral_haemorrhage"),
  ];
  expect(analyses(head, [])).toEqual(["cerebral_haemorrhage", "tissue_composition"]);
});

test("what an urgent finding rests on stands first", () => {
  const trunk = [
    measured("bleed", "cerebral_haemorrhage"),
    measured("liver_vol_cm3", "organ_volumetry"),
    measured("SMA_cm2", "sarcopenia_l3"),
  ];
  const finding = (severity: "critical" | "significant" | "note") => [
    { severity, evidence: { lower_limit_cm2: 92.2, SMA_cm2: 80 } },
  ];
  const usual = ["cerebral_haemorrhage", "organ_volumetry", "sarcopenia_l3"];
  expect(analyses(trunk, finding("significant"))).toEqual([
    "sarcopenia_l3",
    "cerebral_haemorrhage",
    "organ_volumetry",
  ]);
  expect(analyses(trunk, finding("note"))).toEqual(usual);
  expect(analyses(trunk, [])).toEqual(usual);
});

test("a group that has nothing for one reason says it once", () => {
  const bleed = groupsOf(some, []).at(-1);
  expect(bleed?.absence).toMatchObject({ status: "not_applicable", reason: "no head" });
  expect(groupsOf(some, [])[0]?.absence).toBeNull();
});

test("what a person took out keeps its row, also where it is all there is", () => {
  const why = { code: "rejected_by_person", parameters: { rejection: "wrong_level" } };
  const rejected = { ...measured("slice_L3", "sarcopenia_l3", null), reason_coded: why };
  expect(groupsOf([rejected], [])[0]?.absence).toBeNull();
});

test("the filter knows labels of the language, without accents, and names", () => {
  const names = (text: string, language: "en" | "pt") =>
    filtered(some, { text, only: "all" }, language).map(({ name }) => name);
  expect(names("figado vol", "pt")).toEqual(["liver_vol_cm3"]);
  expect(names("liver", "en")).toEqual(["liver_hu_mean", "liver_vol_cm3"]);
  expect(names("hemorrhage_side", "en")).toEqual(["hemorrhage_side"]);
  expect(names("spleen", "en")).toEqual([]);
});

test("only what was measured", () => {
  expect(filtered(some, { text: "", only: "measured" }, "en")).toHaveLength(2);
});

test("many structures are a table", () => {
  const rows = [
    measured("structures_segmented", "structures"),
    measured("aorta_vol_cm3", "structures"),
    measured("aorta_hu_mean", "structures"),
    measured("colon_vol_cm3", "structures", null),
  ];
  const { matrix, rest } = matrixOf({ analysis: "structures", rows, absence: null });
  expect(rest.map(({ name }) => name)).toEqual(["structures_segmented"]);
  expect(matrix?.columns).toEqual(["vol_cm3", "hu_mean"]);
  expect(matrix?.rows.map(({ key }) => key)).toEqual(["aorta", "colon"]);
  expect(matrix?.rows[1]?.cells.map((cell) => cell?.name)).toEqual(["colon_vol_cm3", undefined]);
});

test("areas are a table of levels and tissues", () => {
  const rows = ["L3", "L4"].flatMap((level) => [
    measured(`skeletal_muscle_area_${level}_cm2`, "tissue_composition"),
    measured(`visceral_fat_area_${level}_cm2`, "tissue_composition"),
  ]);
  const { matrix } = matrixOf({ analysis: "tissue_composition", rows, absence: null });
  expect(matrix?.of).toBe("level");
  expect(matrix?.columns).toEqual(["skeletal_muscle", "visceral_fat"]);
});

test("outside its reference, or not", () => {
  const rows = [
    { ...measured("a", "x"), flag: "low" as const },
    { ...measured("b", "x"), flag: "normal" as const },
  ];
  expect(filtered(rows, { text: "", only: "flagged" }, "en").map(({ name }) => name)).toEqual([
    "a",
  ]);
});

const table = (analysis: string, names: string[]) =>
  matrixOf({ analysis, rows: names.map((name) => measured(name, analysis)), absence: null });

test("segments of the aorta are a table, its length stays a row", () => {
  const { matrix, rest } = table("aortic_diameters", [
    "aorta_arch_diameter_mm",
    "aorta_arch_perpendicular_mm",
    "aorta_abdominal_diameter_mm",
    "aorta_length_mm",
    "aorta_abdominal_tortuosity",
    "common_iliac_left_diameter_mm",
  ]);
  expect(matrix?.columns).toEqual(["diameter_mm", "perpendicular_mm"]);
  expect(matrix?.rows.map(({ key }) => key)).toEqual([
    "aorta_arch",
    "aorta_abdominal",
    "common_iliac_left",
  ]);
  expect(rest.map(({ name }) => name)).toEqual(["aorta_length_mm", "aorta_abdominal_tortuosity"]);
});

test("stones stand by kidney, their number first", () => {
  const { matrix, rest } = table("kidney_stones", [
    "kidney_stones_right",
    "kidney_stones_right_diameter_mm",
    "kidney_stones_left",
    "kidney_stones_left_peak_hu",
  ]);
  expect(rest).toEqual([]);
  expect(matrix?.columns).toEqual(["count", "diameter_mm", "peak_hu"]);
  expect(matrix?.rows[1]?.key).toBe("kidney_left");
  expect(matrix?.rows[1]?.cells.map((cell) => cell?.name)).toEqual([
    "kidney_stones_left",
    undefined,
    "kidney_stones_left_peak_hu",
  ]);
});

test("lobes, levels and nodules are tables too", () => {
  const keys = (analysis: string, names: string[]) =>
    table(analysis, names).matrix?.rows.map(({ key }) => key);
  expect(
    keys("emphysema", ["lungs_laa950_percent", "lung_lower_lobe_left_laa950_percent"]),
  ).toEqual(["lungs", "lung_lower_lobe_left"]);
  expect(keys("bone_density", ["T12_body_hu_mean", "L1_trabecular_hu_mean"])).toEqual([
    "T12",
    "L1",
  ]);
  expect(keys("lung_nodules", ["nodule_1_lobe", "nodule_2_vol_mm3"])).toEqual(["1", "2"]);
  expect(keys("vertebral_fracture", ["T8_height_loss_percent", "T9_height_middle_mm"])).toEqual([
    "T8",
    "T9",
  ]);
});
