/** A DICOM person name (PN, PS3.5 section 6.2) as people write it. */

export interface NameParts {
  family: string;
  given: string;
  prefix: string;
  suffix: string;
  /** The ideographic group, as it is spoken: family name first. */
  ideographic: string;
}

const PARTICLES = new Set(["da", "das", "de", "del", "di", "do", "dos", "du", "e", "y"]);

/** The parts of the alphabetic group, and the ideographic one; all empty where nothing was sent. */
export function nameParts(pn: string): NameParts {
  const [alphabetic = "", ideographic = ""] = pn.split("=");
  const [family = "", given = "", middle = "", prefix = "", suffix = ""] = alphabetic
    .split("^")
    .map(tidy);
  return {
    family,
    given: tidy(`${given} ${middle}`),
    prefix,
    suffix,
    ideographic: tidy(ideographic.replaceAll("^", " ")),
  };
}

/** `SILVA^MARIA JOSÉ` → `SILVA, Maria José`; an empty text where there is no name. */
export function readableName(pn: string): string {
  const { family, given, prefix, suffix, ideographic } = nameParts(pn);
  const rest = tidy(`${prefix} ${gently(given)}`);
  const whole = [given || prefix ? capitals(family) : family, rest, suffix]
    .filter(Boolean)
    .join(", ");
  if (!ideographic || ideographic === whole) return whole;
  return whole ? `${whole} (${ideographic})` : ideographic;
}

function tidy(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** In capitals, as lists of patients are; a name that would be spelt differently stays (`Weiß`). */
function capitals(name: string): string {
  const upper = name.toUpperCase();
  return upper.length === name.length ? upper : name;
}

/** A shouted name in mixed case; what was sent in mixed case is right already. */
function gently(given: string): string {
  if (given !== given.toUpperCase()) return given;
  return given
    .toLowerCase()
    .split(" ")
    .map((word) => (PARTICLES.has(word) ? word : capitalised(word)))
    .join(" ");
}

function capitalised(word: string): string {
  return word.replace(/(^|[-'’.])\p{L}/gu, (start) => start.toUpperCase());
}
