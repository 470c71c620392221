/** A patient's age and a study's time, as short as a list needs them. */

export type AgeUnit = "years" | "months" | "days";

const DAYS_PER_YEAR = 365.25;

/** The age in the unit that says something: years from two on, months, and days of a newborn. */
export function ageIn(years: number): [count: number, unit: AgeUnit] {
  if (years >= 2) return [Math.floor(years), "years"];
  const months = Math.floor(years * 12);
  return months >= 1 ? [months, "months"] : [Math.round(years * DAYS_PER_YEAR), "days"];
}

/** A DICOM time (TM), `101500.25` → `10:15`; null where it is none. */
export function clockTime(tm: string | null): string | null {
  const found = /^([01]\d|2[0-3]):?([0-5]\d)/.exec(tm?.trim() ?? "");
  return found ? `${found[1]}:${found[2]}` : null;
}
