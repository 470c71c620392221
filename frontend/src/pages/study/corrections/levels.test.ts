import { expect, test } from "vitest";

import {
  choicesFor,
  levelOf,
  levelOfFinding,
  levelOfMeasurement,
  levelsAmong,
  movedBy,
  moves,
} from "./levels";

test("vertebrae are told from everything else", () => {
  expect(levelOf("vertebrae_L3")).toBe("L3");
  expect(levelOf("vertebrae_S1")).toBeNull();
  expect(levelOf("vertebrae_body")).toBeNull();
  expect(levelOf("liver")).toBeNull();
});

test("levels stand from head to foot, however they came", () => {
  expect(levelsAmong(["vertebrae_L1", "sacrum", "vertebrae_T12", "vertebrae_L1"])).toEqual([
    "T12",
    "L1",
  ]);
});

test("the neighbours are offered first", () => {
  expect(choicesFor("L2").slice(0, 4)).toEqual(["L1", "L3", "T12", "L4"]);
  expect(choicesFor("C1").slice(0, 2)).toEqual(["C2", "C3"]);
  expect(choicesFor("L2")).not.toContain("L2");
});

test("the whole column moves by as many levels", () => {
  expect(moves(["T12", "L1", "L2"], "L2", "L3")).toEqual([
    { from: "T12", to: "L1" },
    { from: "L1", to: "L2" },
    { from: "L2", to: "L3" },
  ]);
  expect(movedBy("L2", "L3")).toBe(1);
  expect(movedBy("L1", "T11")).toBe(-2);
});

test("what falls off the table has no name", () => {
  expect(moves(["L4", "L5"], "L4", "L5")[1]).toEqual({ from: "L5", to: null });
  expect(moves(["C1", "C2"], "C2", "C1")[0]).toEqual({ from: "C1", to: null });
});

test("a number says its level by its name or by its analysis", () => {
  const of = (name: string, analysis = "") => levelOfMeasurement({ name, analysis });
  expect(of("slice_L3")).toBe("L3");
  expect(of("skeletal_muscle_area_T12_cm2")).toBe("T12");
  expect(of("L1_trabecular_hu_mean")).toBe("L1");
  expect(of("SMA_cm2", "sarcopenia_l3")).toBe("L3");
  expect(of("liver_vol_cm3", "structures")).toBeNull();
  expect(of("rib_left_L9_x")).toBeNull();
});

test("a finding has the level of its structure, or of what it rests on", () => {
  const measurements = [{ name: "SMI_cm2_m2", analysis: "sarcopenia_l3" }];
  const rests = { structure: null, evidence: { SMI_cm2_m2: 30, limit: 34.4 } };
  expect(levelOfFinding(rests, measurements)).toBe("L3");
  expect(levelOfFinding({ structure: "vertebrae_T8", evidence: {} }, [])).toBe("T8");
  expect(levelOfFinding({ structure: "spleen", evidence: {} }, measurements)).toBeNull();
});
