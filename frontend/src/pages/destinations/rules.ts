/** Rules in plain words: when, of which studies, what, to whom. */
import type { TFunction } from "i18next";

import type { Schemas } from "@/api/client";
import type { ObjectKind } from "@/delivery/deliveries";

export type Rule = Schemas["RuleOut"];
export type RuleIn = Schemas["RuleIn"];
export type When = RuleIn["when"];
export type Conditions = Rule["conditions"];

export const WHENS: readonly When[] = ["results", "acknowledged", "verified", "failed"];
export const SEVERITIES = ["note", "significant", "critical"] as const;
/** Nothing but the news can be made of a study that could not be measured. */
export const OF_FAILURES: ObjectKind = "event";

/** Of a new rule: it fits every study. */
export const NO_CONDITIONS: Conditions = {
  modalities: [],
  body_regions: [],
  calling_aes: [],
  findings: [],
  least_severity: null,
  patient_classes: [],
};

interface Terms {
  region: (name: string) => string;
  finding: (code: string) => string;
  patientClass: (name: string) => string;
}

/** `a, b or c` */
function oneOf(words: readonly string[], language: string): string {
  return new Intl.ListFormat(language === "pt" ? "pt-BR" : "en-GB", {
    type: "disjunction",
  }).format(words);
}

/** When a rule looks at a study, and at which: "When results are there of CT studies". */
export function ruleText(
  rule: Pick<Rule, "when" | "conditions">,
  t: TFunction<"destinations">,
  terms: Terms,
  language: string,
): string {
  const { modalities, body_regions, calling_aes, findings, least_severity, patient_classes } =
    rule.conditions;
  const list = (words: readonly string[]) => oneOf(words, language);
  const conditions = [
    modalities.length > 0
      ? t("rules.of.modalities", { list: list(modalities) })
      : t("rules.of.everything"),
    body_regions.length > 0 &&
      t("rules.of.regions", { list: list(body_regions.map(terms.region)) }),
    calling_aes.length > 0 && t("rules.of.senders", { list: list(calling_aes) }),
    findings.length > 0 && t("rules.of.findings", { list: list(findings.map(terms.finding)) }),
    least_severity && t(`rules.of.${least_severity}`),
    patient_classes.length > 0 &&
      t("rules.of.classes", { list: list(patient_classes.map(terms.patientClass)) }),
  ];
  return `${t(`rules.is.${rule.when}`)} ${conditions.filter(Boolean).join(", ")}`;
}

/** A rule as it would be told back, to change one thing of it. */
export function ruleGiven(rule: Rule): RuleIn {
  const { name, destination, when, conditions, objects, position, enabled } = rule;
  return { name, destination, when, conditions, objects, position, enabled };
}

/** What goes by a rule: its own choice, or the destination's; of a failure only the news. */
export function objectsOfRule(
  rule: Pick<Rule, "when" | "objects">,
  ofDestination: readonly ObjectKind[],
): readonly ObjectKind[] {
  const chosen = rule.objects.length > 0 ? rule.objects : ofDestination;
  return rule.when === "failed" ? chosen.filter((kind) => kind === OF_FAILURES) : chosen;
}

/** A new rule is asked after all others. */
export function nextPosition(rules: readonly Rule[]): number {
  return Math.max(0, ...rules.map(({ position }) => position + 1));
}
