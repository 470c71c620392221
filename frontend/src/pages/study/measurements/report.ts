/** Results as plain text, to be pasted into a dictated report. Nothing in it names the patient. */
import {
  analysisTitle,
  type Language,
  limitText,
  measurementLabel,
  quantityText,
  statementText,
} from "@/terms";

import type { Finding, Measurement } from "../queries";
import { groupsOf } from "./grouping";
import { comparedNorms, flagOf, type Reference } from "./reference";

/** `92.2–144.3 cm²`, `≥ 92.2 cm²`, `≤ 314.5 cm³`. */
export function rangeText({ low, high, unit }: Reference, language: Language): string {
  const limits = [low, high].filter((limit) => limit !== null);
  const text = limits
    .map((limit, at) => limitText(limit, at < limits.length - 1 ? "" : unit, language))
    .join("–");
  if (limits.length !== 1) return text;
  return `${low === null ? "≤" : "≥"} ${text}`;
}

export interface Words {
  findings: string;
  severity: (severity: Finding["severity"]) => string;
  status: (status: Measurement["status"]) => string;
  flag: (flag: "low" | "high") => string;
  reference: string;
}

export function reportText(
  measurements: readonly Measurement[],
  findings: readonly Finding[],
  source: readonly string[],
  words: Words,
  language: Language,
): string {
  const parts: string[][] = [];
  if (findings.length > 0)
    parts.push([
      words.findings,
      ...findings.map(
        (one) =>
          `- ${statementText(one.title_coded, one.title, language)} (${words.severity(one.severity)})`,
      ),
    ]);
  for (const { analysis, rows, absence } of groupsOf(measurements, findings)) {
    // That something makes no sense here is no part of a report.
    if (absence?.status === "not_applicable") continue;
    parts.push([
      analysisTitle(analysis, language),
      ...rows.map((one) => `- ${lineOf(one, words, language)}`),
    ]);
  }
  return [...parts, source].map((lines) => lines.join("\n")).join("\n\n");
}

function lineOf(one: Measurement, words: Words, language: Language): string {
  const label = measurementLabel(one.name, language);
  if (one.value === null)
    return `${label}: ${words.status(one.status)} (${statementText(one.reason_coded, one.reason, language)})`;
  const { reference } = one;
  const flag = flagOf(one);
  const remarks = [
    flag && words.flag(flag),
    reference && `${words.reference} ${rangeText(reference, language)}`,
    ...comparedNorms(one).map(({ said, said_coded: coded }) =>
      statementText(coded, said, language),
    ),
  ].filter(Boolean);
  const value = quantityText(one.value, one.unit, language);
  return `${label}: ${value}${remarks.length > 0 ? ` (${remarks.join("; ")})` : ""}`;
}
