/** The measurements a one-page report has room for: those that carry a decision, in their order. */
import type { Measurement } from "@/pages/study/queries";

/** By analysis; what is not named here is found on the study page and in the files. */
const KEY: Record<string, readonly RegExp[] | undefined> = {
  cerebral_haemorrhage: [
    /^hemorrhage_(vol_cm3|side|abc2_cm3|diameter_mm|lesions|ventricle_contact)$/,
  ],
  sarcopenia_l3: [/^(SMA_cm2|SMI_cm2_m2|muscle_HU_mean)$/],
  organ_volumetry: [/_vol_cm3$/],
  organ_density: [/^(liver|spleen)_hu_eroded_mean$/],
  tissue_composition: [/^(subcutaneous|visceral)_fat_area_L3_cm2$/],
  contrast_phase: [/^contrast_phase$/],
  body_regions: [/^body_regions$/],
};
const ORDER = Object.keys(KEY);

export interface KeyRows {
  /** What has a value, or a reason why this study could not give one. */
  rows: Measurement[];
  /** What was left out because it makes no sense for this study: one for each analysis. */
  inapplicable: Measurement[];
}

export function keyRows(measurements: readonly Measurement[]): KeyRows {
  const key = measurements
    .filter(({ name, analysis }) => KEY[analysis]?.some((pattern) => pattern.test(name)))
    .toSorted((one, other) => ORDER.indexOf(one.analysis) - ORDER.indexOf(other.analysis));
  const rows = key.filter(({ status }) => status !== "not_applicable");
  const shown = new Set(rows.map(({ analysis }) => analysis));
  const inapplicable = new Map<string, Measurement>();
  for (const one of key) {
    if (!shown.has(one.analysis) && !inapplicable.has(one.analysis))
      inapplicable.set(one.analysis, one);
  }
  return { rows, inapplicable: [...inapplicable.values()] };
}
