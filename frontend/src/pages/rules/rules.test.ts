import { describe, expect, test } from "vitest";

import { alike, conditionOf, type Limit, matching, nameOf, type Rule } from "./rules";

const limit = (given: Partial<Limit>): Limit => ({
  measurement: "spleen_vol_cm3",
  parameter: "",
  comparison: "above",
  bound: 314.5,
  among: [],
  unit: "cm3",
  severity: "significant",
  source: "Prassopoulos 1997, Eur Radiol 7:246",
  applies_to: {
    age_from: 18,
    sex: null,
    bmi_from: null,
    bmi_below: null,
    contrast_phase: null,
    kvp_from: null,
    kvp_to: null,
  },
  usual_attenuation: false,
  unless: "",
  only_with: [],
  ...given,
});

const rule = (given: Partial<Rule>): Rule => ({
  code: "splenomegaly",
  name: "",
  about: "",
  origin: "package",
  changed: [],
  enabled: true,
  structure: "spleen",
  limits: [limit({})],
  ...given,
});

describe("a limit in words", () => {
  test("has its sign, and its bound as it was published", () => {
    expect(conditionOf(limit({}), "or", "en")).toBe("Spleen, volume > 314.5 cm³");
    expect(conditionOf(limit({}), "ou", "pt")).toBe("Baço, volume > 314,5 cm³");
    expect(conditionOf(limit({ comparison: "at_most", bound: 900 }), "or", "en")).toBe(
      "Spleen, volume ≤ 900 cm³",
    );
  });

  test("of a parameter has the parameter's unit", () => {
    const largest = limit({
      measurement: "kidney_stones_right",
      parameter: "largest_mm",
      bound: 0,
      unit: "",
    });
    expect(conditionOf(largest, "or", "en")).toMatch(/^Stones in the right kidney · .+ > 0$/);
  });

  test("of categories names them", () => {
    const some = limit({
      measurement: "coronary_calcium_category",
      comparison: "among",
      bound: null,
      among: ["100-299", "300 or more"],
      unit: "",
    });
    expect(conditionOf(some, "or", "en")).toMatch(/^Coronary calcium, .+: 100.299 or 300 or more$/);
  });
});

test("a department's own rule has its name, or a readable one", () => {
  expect(nameOf(rule({ code: "small_liver", name: "Tiny liver" }), "pt")).toBe("Tiny liver");
  expect(nameOf(rule({ code: "small_liver" }), "en")).toBe("Small liver");
  expect(nameOf(rule({}), "pt")).toBe("Baço aumentado");
});

test("rules are found by name, code and what they measure", () => {
  const rules = [rule({}), rule({ code: "small_liver", name: "Small liver", limits: [] })];
  const codes = (text: string) => matching(rules, text, "pt").map(({ code }) => code);
  expect(codes("baco vol")).toEqual(["splenomegaly"]);
  expect(codes("small_")).toEqual(["small_liver"]);
  expect(codes("")).toHaveLength(2);
});

test("limits that differ in their condition alone are one row", () => {
  const seen = limit({ parameter: "largest_mm" });
  const critical = limit({ bound: 500, severity: "critical" });
  const women = limit({ applies_to: { ...limit({}).applies_to, sex: "F" } });
  expect(alike([limit({}), seen, critical, women])).toEqual([
    [limit({}), seen],
    [critical],
    [women],
  ]);
});
