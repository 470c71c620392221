/** The pictures one page has room for; as `publishing/report/content.py` chooses them. */

/** Those a page has, in the order in which one looks. */
const USUAL = [
  "bleed_overlay_center_50.png",
  "ventricles_overlay.png",
  "nodules_overlay.png",
  "L3_overlay.png",
  "coronal_overview.png",
];

/** Finding → the picture that shows it; that of the most urgent one comes before the others. */
const PICTURE_OF: Record<string, string | undefined> = {
  abdominal_aorta_dilated: "aorta_overlay.png",
  ascending_aorta_dilated: "aorta_overlay.png",
  coronary_calcium: "coronary_calcium_overlay.png",
  kidney_stone_right: "kidney_stones_overlay.png",
  kidney_stone_left: "kidney_stones_overlay.png",
  vertebral_fracture: "spine_overlay.png",
  low_bone_density: "spine_overlay.png",
};
const MOST = 3;

/** Those of a study whose findings have these codes, the most urgent first. */
export function reportPictures(images: readonly string[], codes: readonly string[]): string[] {
  const found = codes.flatMap((code) => PICTURE_OF[code] ?? []).slice(0, 1);
  return [...found, ...USUAL].filter((name) => images.includes(name)).slice(0, MOST);
}
