/** Height and weight as people write them: cm and kg, with a point or a comma. */

/** Bounds of the server, in what is typed here. */
export const HEIGHT_CM = [30, 250] as const;
export const WEIGHT_KG = [0.3, 500] as const;
const SMALL_KG = 10;

/** A number between bounds; null where nothing was typed, undefined where it is none. */
export function typed(text: string, [least, most]: readonly [number, number]) {
  const words = text.trim().replace(",", ".");
  if (words === "") return null;
  const value = /^\d{1,3}(\.\d{1,3})?$/.test(words) ? Number(words) : NaN;
  return value >= least && value <= most ? value : undefined;
}

/** Kilograms as they are typed; of the small, who are weighed in grams, to the gram. */
export function kilograms(weight_kg: number | null): string {
  if (weight_kg === null) return "";
  return String(Number(weight_kg.toFixed(weight_kg < SMALL_KG ? 3 : 2)));
}

/** Centimetres to metres without the crumbs of binary fractions. */
export function metres(height_cm: number | null): number | null {
  return height_cm === null ? null : Math.round(height_cm * 100) / 10_000;
}

/** Metres as centimetres are typed: `1.685` → `168.5`. */
export function centimetres(height_m: number | null): string {
  return height_m === null ? "" : String(Math.round(height_m * 10_000) / 100);
}
