/** The rules of findings in words. */
import type { Schemas } from "@/api/client";
import { folded } from "@/pages/study/measurements/grouping";
import {
  evidenceLabel,
  findingName,
  type Language,
  limitText,
  measurementLabel,
  unitOfName,
  valueText,
} from "@/terms";

export type Rule = Schemas["FindingRuleOut"];
export type Limit = Schemas["RuleLimitOut"];

const SIGNS = { below: "<", at_most: "≤", above: ">", at_least: "≥" } as const;

/** A department's own rule has the name it was given. */
export function nameOf(rule: Pick<Rule, "code" | "name">, language: Language): string {
  return rule.name || findingName(rule.code, language);
}

export function isOwn({ origin }: Pick<Rule, "origin">): boolean {
  return origin !== "package";
}

/** "Spleen, volume > 314.5 cm³" */
export function conditionOf(limit: Limit, or: string, language: Language): string {
  const { measurement, parameter, comparison, bound, among } = limit;
  const what = [
    measurementLabel(measurement, language),
    ...(parameter ? [evidenceLabel(parameter, language)] : []),
  ].join(" · ");
  if (comparison === "among" || bound === null)
    return `${what}: ${among.map((one) => valueText(one, "", language)).join(` ${or} `)}`;
  // Its name may have the unit.
  const unit = parameter ? unitOfName(parameter) : limit.unit;
  const text = limitText(bound, what.endsWith(`(${unit})`) ? "" : unit, language);
  return `${what} ${SIGNS[comparison]} ${text}`;
}

/** Limits of one severity, source and patients, as one: any of their conditions will do. */
export function alike(limits: readonly Limit[]): Limit[][] {
  const groups: Limit[][] = [];
  for (const one of limits) {
    const before = groups.at(-1)?.[0];
    if (before && keyOf(before) === keyOf(one)) groups.at(-1)?.push(one);
    else groups.push([one]);
  }
  return groups;
}

const keyOf = ({ severity, source, applies_to, usual_attenuation, unless, only_with }: Limit) =>
  JSON.stringify([severity, source, applies_to, usual_attenuation, unless, only_with]);

/** Every word has to be in a rule's name, its code, or in what it is about. */
export function matching(rules: readonly Rule[], text: string, language: Language): Rule[] {
  const words = folded(text).split(/\s+/).filter(Boolean);
  return rules.filter((rule) => {
    const about = rule.limits.map((one) => measurementLabel(one.measurement, language));
    const said = folded([nameOf(rule, language), rule.code, ...about].join(" "));
    return words.every((word) => said.includes(word));
  });
}
