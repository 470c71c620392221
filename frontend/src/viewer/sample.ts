/** A small study for tests. */
import type { LabelMap, Structure } from "./manifest";

function structure(
  label: number,
  name: string,
  group: Structure["group"],
  height: number,
): Structure {
  return {
    label,
    structure: name,
    name,
    colour: [label, 2 * label, 3 * label],
    group,
    voxels: 10,
    bbox_min_ijk: [0, 0, 0],
    bbox_max_ijk: [1, 1, 1],
    centroid_ijk: [0, 0, 0],
    centroid_ras_mm: [0, 0, height],
    largest_slice: 0,
    position_ijk: [0, 0, 0],
    position_ras_mm: [0, 0, height],
    doubts: [],
    doubts_coded: [],
  };
}

function map(name: string, structures: Structure[]): LabelMap {
  return {
    name,
    task: name,
    url: `/${name}`,
    gzip_bytes: 1,
    plain_bytes: 1,
    corrected: false,
    structures,
    absent: [],
  };
}

export const TOTAL = map("total", [
  structure(5, "liver", "organs", 100),
  structure(1, "spleen", "organs", 110),
  structure(27, "vertebrae_L5", "vertebrae", 50),
  structure(29, "vertebrae_L3", "vertebrae", 90),
]);
export const TISSUE = map("tissue_types", [
  structure(1, "subcutaneous_fat", "tissue", 0),
  structure(3, "skeletal_muscle", "tissue", 0),
]);
/** Its thyroid is a mistake. */
export const DOUBTED = map("total", [
  ...TOTAL.structures,
  { ...structure(17, "thyroid_gland", "organs", 105), doubts: ["it lies beside the spleen"] },
]);
/** What found nothing: it has no file. */
export const BLEED: LabelMap = {
  ...map("bleed", []),
  url: null,
  absent: [
    {
      label: 1,
      structure: "intracerebral_hemorrhage",
      colour: [255, 76, 96],
      group: "findings",
    },
  ],
};
export const MAPS = [TOTAL, TISSUE];
