/** The measurements a one-page report has room for: those that carry a decision, in their order. */
import type { Measurement } from "@/pages/study/queries";

/** By analysis; what is not named here is found on the study page and in the files. */
const KEY: Record<string, readonly RegExp[] | undefined> = {
  cerebral_haemorrhage: [
    /^hemorrhage_(vol_cm3|side|abc2_cm3|diameter_mm|lesions|ventricle_contact)$/,
  ],
  vertebral_fracture: [/^vertebral_(fractures_suspected|height_loss_percent)$/],
  bone_density: [/^(bone_density_(category|z)|L1_trabecular_hu_mean)$/],
  ventricles: [/^(evans_index|midline_shift_(mm|side))$/],
  lung_nodules: [/^lung_nodules$/, /^lung_nodule_(largest_mm|size_class)$/],
  effusions: [/^(pleural_effusion_(right|left)|pericardial_effusion)_ml$/],
  aortic_diameters: [/^aorta_(ascending|abdominal)_diameter_mm$/],
  coronary_calcium: [/^coronary_calcium_category$/],
  kidney_stones: [/^kidney_stones_(right|left)_diameter_mm$/],
  sarcopenia_l3: [/^(SMA_cm2|SMI_cm2_m2|muscle_HU_mean)$/],
  organ_volumetry: [/_vol_cm3$/],
  organ_size: [/^(kidney_(right|left)_length_mm|liver_vol_per_bsa_ml_m2)$/],
  organ_density: [/^(liver|spleen)_hu_eroded_mean$/],
  liver_steatosis: [/^(liver_(fat|pdff)_percent|liver_portal_venous_hu_class)$/],
  tissue_composition: [/^(subcutaneous|visceral)_fat_area_L3_cm2$/],
  contrast_phase: [/^contrast_phase$/],
  body_regions: [/^body_regions$/],
};
const ORDER = Object.keys(KEY);

/** Analyses of tasks that a site may have or not: silent where theirs was not run. */
const WHERE_INSTALLED = ["ventricles", "lung_nodules", "effusions"];

/** Analyses that answer in some studies only: of the others the page has no room to say why not. */
const WHERE_MEASURED = [
  "vertebral_fracture",
  "bone_density",
  "aortic_diameters",
  "coronary_calcium",
  "kidney_stones",
  "liver_steatosis",
];

const unasked = ({ analysis, status, reason_coded }: Measurement) =>
  (WHERE_MEASURED.includes(analysis) && status !== "measured") ||
  (WHERE_INSTALLED.includes(analysis) &&
    (status === "not_applicable" || reason_coded?.code === "task_not_run"));

export interface KeyRows {
  /** What has a value, or a reason why this study could not give one. */
  rows: Measurement[];
  /** What was left out because it makes no sense for this study: one for each analysis. */
  inapplicable: Measurement[];
}

export function keyRows(measurements: readonly Measurement[]): KeyRows {
  const key = measurements
    .filter((one) => KEY[one.analysis]?.some((pattern) => pattern.test(one.name)) && !unasked(one))
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
