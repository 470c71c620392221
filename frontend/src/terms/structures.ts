/** Anatomical names of TotalSegmentator's classes, in the reader's language. */
import table from "@words/structures.json";

export type Language = "en" | "pt";
type Entry = [en: string, pt: string, gender: "m" | "f"];

const NAMES = new Map(Object.entries(table as unknown as Record<string, Entry>));
const SIDE = /_(left|right)(?=_|$)/;
const LEVEL = /_([CTLS]?\d+)$/;
const SIDES = {
  left: { m: "esquerdo", f: "esquerda" },
  right: { m: "direito", f: "direita" },
} as const;

export function languageOf(code: string): Language {
  return code.startsWith("pt") ? "pt" : "en";
}

/** `kidney_left` → "left kidney", "rim esquerdo"; a class without an entry is shown as it is. */
export function structureName(structure: string, language: Language): string {
  const side = SIDE.exec(structure)?.[1] as "left" | "right" | undefined;
  const unsided = structure.replace(SIDE, "");
  const whole = NAMES.get(unsided);
  const level = whole ? undefined : LEVEL.exec(unsided)?.[1];
  const base = whole ? unsided : unsided.replace(LEVEL, "");
  const entry = whole ?? NAMES.get(base);
  if (base === "vertebrae" && level)
    return `${language === "pt" ? "vértebra" : "vertebra"} ${level}`;
  if (!entry) return structure.replaceAll("_", " ");
  if (language === "pt") {
    const name = side ? `${entry[1]} ${SIDES[side][entry[2]]}` : entry[1];
    return level ? `${level}ª ${name}` : name;
  }
  // "left lung, upper lobe"
  const name = side ? `${side} ${entry[0]}` : entry[0];
  return level ? `${name} ${level}` : name;
}

/** Whether a text is the name of a class that has a name here. */
export function isStructure(text: string): boolean {
  const unsided = text.replace(SIDE, "");
  return NAMES.has(unsided) || NAMES.has(unsided.replace(LEVEL, ""));
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
