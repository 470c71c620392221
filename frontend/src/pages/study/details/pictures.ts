/** The pictures of a case: in the order in which one looks, with an address that follows them. */

const ORDER = [
  /^bleed_overlay_center/,
  /^bleed_overlay/,
  /^ventricles_overlay/,
  /^nodules_overlay/,
  /^aorta/,
  /^coronary_calcium/,
  /^kidney_stones/,
  /^spine_overlay/,
  /^L3_overlay/,
  /^emphysema/,
  /^coronal_overview/,
];

const KNOWN = [
  "L3_overlay",
  "spine_overlay",
  "coronal_overview",
  "ventricles_overlay",
  "nodules_overlay",
  "bleed_overlay_inferior_15",
  "bleed_overlay_center_50",
  "bleed_overlay_superior_85",
  "aorta_overlay",
  "kidney_stones_overlay",
  "coronary_calcium_overlay",
  "emphysema_overlay",
] as const;
export type KnownPicture = (typeof KNOWN)[number];

export function sortedPictures(names: readonly string[]): string[] {
  const rank = (name: string) => {
    const found = ORDER.findIndex((pattern) => pattern.test(name));
    return found < 0 ? ORDER.length : found;
  };
  return names.toSorted((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
}

/** The picture's key among the texts, where it is one of those the pipeline is known to draw. */
export function knownPicture(name: string): KnownPicture | null {
  const stem = name.replace(/\.png$/, "");
  return KNOWN.find((one) => one === stem) ?? null;
}

/** Newer results have new pictures under the same names. */
export function pictureUrl(studyId: number, name: string, madeAt: string | undefined): string {
  const version = madeAt ? `?made=${encodeURIComponent(madeAt)}` : "";
  return `/api/v1/studies/${studyId}/images/${encodeURIComponent(name)}${version}`;
}
