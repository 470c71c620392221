/** The few numbers a glance is for: of head, chest, vessels, bones, muscle, organs, in this order. */
import type { Schemas } from "@/api/client";

type Measurement = Pick<Schemas["MeasurementOut"], "name" | "status">;

/** What is looked for in some studies only: a row with a reason in each of the others is noise. */
const WHERE_MEASURED = "where measured";
/** Where it makes sense for the study; without a value it tells why. */
const ALWAYS = "always";

const WANTED: readonly (readonly [name: string, shown: typeof WHERE_MEASURED | typeof ALWAYS])[] = [
  ["hemorrhage_vol_cm3", ALWAYS],
  ["hemorrhage_side", ALWAYS],
  ["evans_index", WHERE_MEASURED],
  ["lung_nodule_largest_mm", WHERE_MEASURED],
  ["pleural_effusion_right_ml", WHERE_MEASURED],
  ["pleural_effusion_left_ml", WHERE_MEASURED],
  ["aorta_ascending_diameter_mm", WHERE_MEASURED],
  ["aorta_abdominal_diameter_mm", WHERE_MEASURED],
  ["kidney_stones_right_diameter_mm", WHERE_MEASURED],
  ["kidney_stones_left_diameter_mm", WHERE_MEASURED],
  ["L1_trabecular_hu_mean", WHERE_MEASURED],
  ["SMA_cm2", ALWAYS],
  ["SMI_cm2_m2", ALWAYS],
  ["muscle_HU_mean", ALWAYS],
  ["visceral_fat_area_L3_cm2", ALWAYS],
  ["liver_vol_cm3", ALWAYS],
  ["liver_hu_eroded_mean", ALWAYS],
  ["liver_fat_percent", WHERE_MEASURED],
  ["liver_pdff_percent", WHERE_MEASURED],
  ["spleen_vol_cm3", ALWAYS],
  ["kidney_right_vol_cm3", ALWAYS],
  ["kidney_left_vol_cm3", ALWAYS],
  ["contrast_phase", ALWAYS],
];

/** Those that make sense for the study; the usual ones tell why they have no value. */
export function keyNumbers<T extends Measurement>(measurements: readonly T[]): T[] {
  const byName = new Map(measurements.map((one) => [one.name, one]));
  return WANTED.flatMap(([name, shown]) => {
    const one = byName.get(name);
    if (!one || one.status === "not_applicable") return [];
    return one.status === "measured" || shown === ALWAYS ? [one] : [];
  });
}
