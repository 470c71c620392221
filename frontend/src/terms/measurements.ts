/** What a measurement is called, and its value and unit, in the reader's language. */
import { formatFor } from "@/i18n/format";

import table from "@words/measurements.json";

import { capitalised, isStructure, type Language, structureName } from "./structures";
import { own, type Pair, pick, word } from "./words";

type Place = "structure" | "tissue" | "depot" | "level" | "n" | "region" | "task";

const EXACT = table as unknown as Record<string, Pair | undefined>;

/** Names with places in them, the most particular first: `<structure>_hu_eroded_mean`. */
const PATTERNS = Object.entries(table)
  .filter(([name]) => name.includes("<"))
  .sort(([one], [other]) => other.replace(/<\w+>/g, "").length - one.replace(/<\w+>/g, "").length)
  .map(([name, label]) => ({
    expression: new RegExp(`^${name.replace(/<(\w+)>/g, "(?<$1>\\w+?)")}$`),
    label: label as Pair,
  }));

const UNITS: Record<string, string> = {
  cm3: "cm³",
  cm2: "cm²",
  "cm2/m2": "cm²/m²",
  "mL/m2": "mL/m²",
  m2: "m²",
  mm2: "mm²",
  mm3: "mm³",
};

/** `kidney_left_vol_cm3` → "Left kidney, volume"; a name nobody put into words, readable. */
export function measurementLabel(name: string, language: Language): string {
  const exact = pick(own(EXACT, name), language);
  if (exact) return exact;
  for (const { expression, label } of PATTERNS) {
    const found = expression.exec(name)?.groups;
    if (!found) continue;
    const text = (pick(label, language) ?? "").replace(/<(\w+)>/g, (_, place: Place) =>
      placeText(place, found[place] ?? "", language),
    );
    return capitalised(text);
  }
  return capitalised(name.replace(/[_.]/g, " "));
}

function placeText(place: Place, value: string, language: Language): string {
  if (place === "level" || place === "n" || place === "task") return value;
  if (place === "region") return regionName(value, language);
  return structureName(value, language);
}

export function patientClassName(name: string, language: Language): string {
  return word("patient_classes", name, language) ?? name;
}

export function regionName(region: string, language: Language): string {
  return word("regions", region, language) ?? region;
}

export function analysisTitle(analysis: string, language: Language): string {
  return word("analyses", analysis, language) ?? capitalised(analysis.replaceAll("_", " "));
}

export function unitText(unit: string): string {
  return own(UNITS, unit) ?? unit;
}

/** How many decimals a number of this unit deserves; more would claim what is not known. */
export function digitsOf(value: number, unit: string): number {
  if (Number.isInteger(value)) return 0;
  if (unit === "" || Math.abs(value) < 1) return 2;
  return unit === "cm3" && Math.abs(value) >= 100 ? 0 : 1;
}

/** A number with as many decimals as it deserves, or a category in words; without the unit. */
export function valueText(
  value: string | number | boolean,
  unit: string,
  language: Language,
): string {
  if (typeof value === "number") return formatFor(language).number(value, digitsOf(value, unit));
  return String(value)
    .split(",")
    .map(
      (one) =>
        word("values", one, language) ??
        word("regions", one, language) ??
        (isStructure(one) ? structureName(one, language) : one),
    )
    .join(", ");
}

/** With its unit, unbroken: "1,523 cm³". */
export function quantityText(value: string | number, unit: string, language: Language): string {
  const text = valueText(value, unit, language);
  return unit ? `${text} ${unitText(unit)}` : text;
}

/** A limit as it was published, with its unit: rounded, it would be another one. */
export function limitText(value: number, unit: string, language: Language): string {
  const decimals = /\.(\d+)$/.exec(String(value))?.[1]?.length ?? 0;
  return `${formatFor(language).number(value, decimals)} ${unitText(unit)}`.trim();
}

const UNITS_IN_NAMES: Record<string, string> = {
  cm2_m2: "cm2/m2",
  ml_m2: "mL/m2",
  percent: "%",
  ml: "mL",
};

/** A unit at the end of a name: `upper_limit_cm3` → `cm3`. */
export function unitOfName(name: string): string {
  if (name === "kvp") return "kV";
  const end =
    /_(cm2_m2|ml_m2|ml|percent|cm3|cm2|mm3|mm|HU|hu|s)(?:_(?:mean|std|median|eroded_mean))?$/.exec(
      name,
    );
  const inside = /(?:^|_)(hu|HU)_(?:mean|std|median|eroded_mean)$/.exec(name);
  const unit = end?.[1] ?? inside?.[1] ?? "";
  if (unit.toLowerCase() === "hu") return "HU";
  return own(UNITS_IN_NAMES, unit) ?? unit;
}

/** What a finding rests on: a measurement, or a limit of its rule. */
export function evidenceLabel(name: string, language: Language): string {
  const limit = /^limit_(\w+)_(\d{4})$/.exec(name);
  if (limit) {
    const source = `${capitalised((limit[1] ?? "").replaceAll("_", " "))} ${limit[2] ?? ""}`;
    return language === "pt" ? `Limite (${source})` : `Limit (${source})`;
  }
  const known = word("evidence", name, language);
  if (known) return known;
  // The volume of an anchor of a region: `liver_cm3`.
  const volume = /^(\w+)_cm3$/.exec(name)?.[1];
  return volume && isStructure(volume)
    ? capitalised(structureName(volume, language))
    : measurementLabel(name, language);
}

/** A piece of evidence, or what a number was made with: with the unit that its name tells. */
export function factText(
  name: string,
  value: string | number | boolean,
  language: Language,
): string {
  const unit = unitOfName(name);
  if (typeof value === "number") return quantityText(value, unit, language);
  const edges = String(value)
    .split(",")
    .map((edge) => word("edges", edge, language));
  if (edges.includes(undefined)) return valueText(value, "", language);
  if (name === "truncated_at") return edges.join(", ");
  // Edges in the place of a number cut off what was to be measured.
  return unit
    ? `${evidenceLabel("truncated_at", language)}: ${edges.join(", ")}`
    : valueText(value, "", language);
}

/** Why a received file is no image. */
export function fileReason(reason: string, language: Language): string {
  return word("files", reason, language) ?? reason;
}

/** Why somebody does not believe a result. */
export function rejectionReason(reason: string, language: Language): string {
  return word("rejections", reason, language) ?? reason;
}

/** What a finding is called where it has no value yet: to filter by. */
export function findingName(code: string, language: Language): string {
  return word("findings", code, language) ?? capitalised(code.replaceAll("_", " "));
}
