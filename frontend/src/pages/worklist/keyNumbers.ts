/** The few numbers a glance is for: those of a bleed, of muscle, of organs, in this order. */
import type { Schemas } from "@/api/client";

type Measurement = Pick<Schemas["MeasurementOut"], "name" | "status">;

const WANTED = [
  "hemorrhage_vol_cm3",
  "hemorrhage_side",
  "SMA_cm2",
  "SMI_cm2_m2",
  "muscle_HU_mean",
  "visceral_fat_area_L3_cm2",
  "liver_vol_cm3",
  "liver_hu_eroded_mean",
  "spleen_vol_cm3",
  "kidney_right_vol_cm3",
  "kidney_left_vol_cm3",
  "contrast_phase",
] as const;

/** Those that make sense for the study; without a value they tell why. */
export function keyNumbers<T extends Measurement>(measurements: readonly T[]): T[] {
  const byName = new Map(measurements.map((one) => [one.name, one]));
  return WANTED.map((name) => byName.get(name)).filter(
    (one): one is T => one !== undefined && one.status !== "not_applicable",
  );
}
