/** What is at a place: position, value, structures. */
import { fractionToMm, type Grid, indexAt, isInside, transform, type Triple } from "./geometry";
import type { LabelMap, Paintable } from "./manifest";
import { paintable } from "./paintable";
import { type Image, offsetAt, valueAt } from "./nifti";

export interface Hit {
  index: Triple;
  mm: Triple;
  value: number | null;
  structures: Paintable[];
}

export interface LoadedMap {
  map: LabelMap;
  image: Image;
}

export function hitAt(
  fraction: Triple,
  grid: Grid,
  image: Image | null,
  maps: readonly LoadedMap[],
): Hit | null {
  if (!isInside(fraction)) return null;
  const [across, along, up] = grid.shape;
  const index: Triple = [
    indexAt(fraction[0], across),
    indexAt(fraction[1], along),
    indexAt(fraction[2], up),
  ];
  return {
    index,
    mm: transform(fractionToMm(grid), fraction),
    value: image && valueAt(image, fraction),
    structures: maps.flatMap(({ map, image: labels }) => {
      const label = labels.voxels[offsetAt(labels, fraction)];
      return label ? paintable(map).filter((one) => one.label === label) : [];
    }),
  };
}

/** `R 44.0 · P 16.0 · S 1155.0`: the direction instead of a sign nobody remembers. */
export function directions(mm: Triple, number: (value: number, digits: number) => string): string {
  const letters = ["RL", "AP", "SI"] as const;
  return mm
    .map((value, axis) => {
      const letter = letters[axis]?.[value < 0 ? 1 : 0] ?? "";
      return `${letter} ${number(Math.abs(value), 1)}`;
    })
    .join(" · ");
}
