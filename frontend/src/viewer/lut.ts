/** Colours of labels: one row of 256 RGBA values per label map. */
import type { LabelMap } from "./manifest";
import { paintable } from "./paintable";
import { keyOf, type StructureKey } from "./state";

export const LABELS = 256;
/** How a structure looks that has just been jumped to. */
const FLASH = [255, 255, 255, 255] as const;

/** Alpha is 255 where a structure is shown, 0 elsewhere; 0 is no label. */
export function lutOf(
  map: LabelMap,
  shown: ReadonlySet<StructureKey>,
  flashing: ReadonlySet<StructureKey> = new Set(),
): Uint8Array {
  const lut = new Uint8Array(LABELS * 4);
  for (const { label, colour } of paintable(map)) {
    const key = keyOf(map.name, label);
    if (flashing.has(key)) lut.set(FLASH, label * 4);
    else if (shown.has(key)) lut.set([...colour, 255], label * 4);
  }
  return lut;
}

/** All maps, one row each. */
export function lutTexture(rows: readonly Uint8Array[]): Uint8Array {
  const texture = new Uint8Array(rows.length * LABELS * 4);
  rows.forEach((row, at) => texture.set(row, at * LABELS * 4));
  return texture;
}
