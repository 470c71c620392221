import { expect, test } from "vitest";

import type { Finding, Measurement } from "../queries";
import type { Reference } from "./reference";
import { rangeText, reportText, type Words } from "./report";

const limit = (low: number | null, high: number | null): Reference => ({
  low,
  high,
  unit: "cm2",
  source: "Someone 2018",
  applies_to: {
    age_from: 18,
    sex: null,
    bmi_from: null,
    bmi_below: null,
    contrast_phase: null,
    kvp_from: null,
    kvp_to: null,
  },
});

const measured = (one: Partial<Measurement>): Measurement => ({
  name: "SMA_cm2",
  value: 85.25,
  unit: "cm2",
  status: "measured",
  reason: "",
  reason_coded: null,
  analysis: "sarcopenia_l3",
  structure: null,
  parameters: {},
  corrected: false,
  reference: null,
  flag: null,
  other_references: [],
  norms: [],
  reference_caveats: [],
  reference_caveats_coded: [],
  ...one,
});

const words: Words = {
  findings: "Achados",
  severity: () => "relevante",
  status: () => "não avaliável",
  flag: () => "baixo",
  reference: "referência",
};

test("a range, or one limit", () => {
  expect(rangeText(limit(92.2, 144.3), "en")).toBe("92.2–144.3 cm²");
  expect(rangeText(limit(92.2, null), "pt")).toBe("≥ 92,2 cm²");
  expect(rangeText(limit(null, 40), "en")).toBe("≤ 40 cm²");
});

test("text for the report: language, flags, reasons, source; nothing that makes no sense", () => {
  const text = reportText(
    [
      measured({ reference: limit(92.2, null), flag: "low" }),
      measured({
        name: "SMI_cm2_m2",
        value: null,
        status: "not_assessable",
        reason: "the patient's height is not known",
        reason_coded: { code: "height_unknown", parameters: {} },
      }),
      measured({
        name: "hemorrhage_vol_cm3",
        value: null,
        status: "not_applicable",
        reason: "no head",
        analysis: "cerebral_haemorrhage",
      }),
    ],
    [
      {
        title: "Low skeletal muscle mass at L3",
        title_coded: { code: "finding_low_muscle_mass", parameters: {} },
        severity: "significant",
        evidence: {},
      } as Finding,
    ],
    ["Heimdallr 1.0", "pesos incluídos no pacote — não usar clinicamente"],
    words,
    "pt",
  );
  expect(text).toBe(
    [
      "Achados",
      "- Massa muscular esquelética baixa em L3 (relevante)",
      "",
      "Músculo em L3",
      "- Área de músculo esquelético em L3 (SMA): 85,3 cm² (baixo; referência ≥ 92,2 cm²)",
      "- Índice de músculo esquelético em L3 (SMI): não avaliável (a altura do paciente não é conhecida)",
      "",
      "Heimdallr 1.0",
      "pesos incluídos no pacote — não usar clinicamente",
    ].join("\n"),
  );
});
