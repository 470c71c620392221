import { createInstance } from "i18next";
import { expect, test } from "vitest";

import en from "./en.json";
import pt from "./pt.json";
import { type Conditions, NO_CONDITIONS, ruleText } from "./rules";

const TERMS = {
  region: (name: string) => name,
  finding: (code: string) => code,
  patientClass: (name: string) => name,
};

function spoken(language: "en" | "pt") {
  const instance = createInstance();
  void instance.init({
    lng: language,
    resources: { en: { destinations: en }, pt: { destinations: pt } },
    interpolation: { escapeValue: false },
    initAsync: false,
    showSupportNotice: false,
  });
  return (rule: Parameters<typeof ruleText>[0]) =>
    ruleText(rule, instance.getFixedT(language, "destinations"), TERMS, language);
}

const EVERYTHING: Conditions = {
  modalities: ["CT", "MR"],
  body_regions: ["thorax"],
  calling_aes: ["CT1", "CT2"],
  findings: ["splenomegaly"],
  least_severity: "significant",
  patient_classes: ["inpatient", "emergency"],
};

test("a rule without conditions is about every study", () => {
  expect(spoken("en")({ when: "results", conditions: NO_CONDITIONS })).toBe(
    "When results are there of any study",
  );
});

test("a rule is a sentence, in both languages", () => {
  const rule = {
    when: "acknowledged" as const,
    conditions: EVERYTHING,
  };
  expect(spoken("en")(rule)).toBe(
    "When a person has acknowledged the results of CT or MR studies, with thorax in view, from CT1 or CT2, with splenomegaly, with a finding that is at least significant, of patient class inpatient or emergency",
  );
  expect(spoken("pt")(rule)).toBe(
    "Quando uma pessoa tomou ciência dos resultados de estudos de CT ou MR, com thorax na imagem, com origem em CT1 ou CT2, com splenomegaly, com um achado ao menos significativo, com classe do paciente inpatient ou emergency",
  );
});
