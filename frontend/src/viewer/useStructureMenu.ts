/** The menu of a structure: which one it is of, and where it opens. */
import { type RefObject, useCallback, useState } from "react";

import type { Engine } from "./engine";
import { offsetAt } from "./nifti";
import type { LabelMap } from "./manifest";
import type { Point } from "./pointer";
import { keyOf, type StructureKey } from "./state";
import type { Asked } from "./StructureMenu";

export function useStructureMenu(
  root: RefObject<HTMLElement | null>,
  canvas: RefObject<HTMLElement | null>,
  engine: Engine | null,
  maps: readonly LabelMap[],
) {
  const [asked, setAsked] = useState<Asked | null>(null);

  const open = useCallback(
    (key: StructureKey, left: number, top: number, opener: HTMLElement | null) => {
      const map = maps.find(({ name }) => key.startsWith(`${name}/`));
      const structure = map?.structures.find(({ label }) => keyOf(map.name, label) === key);
      const origin = root.current?.getBoundingClientRect();
      if (!map || !structure || !origin) return;
      setAsked({ key, map, structure, x: left - origin.left, y: top - origin.top, opener });
    },
    [root, maps],
  );

  /** For a button of the list. */
  const openFor = useCallback(
    (key: StructureKey, opener: HTMLElement) => {
      const { left, bottom } = opener.getBoundingClientRect();
      open(key, left, bottom, opener);
    },
    [open],
  );

  /** For what lies on top at a point of the canvas. */
  const openAt = useCallback(
    ({ x, y }: Point) => {
      const element = canvas.current;
      const place = engine?.placeAt(x, y);
      if (!engine || !place || !element) return;
      const { left, top } = element.getBoundingClientRect();
      for (const { map, image } of [...engine.loaded].reverse()) {
        const label = image.voxels[offsetAt(image, place)];
        if (label) {
          open(keyOf(map.name, label), left + x, top + y, element);
          return;
        }
      }
    },
    [engine, canvas, open],
  );

  const close = useCallback(() => setAsked(null), []);
  return { asked, openFor, openAt, close };
}
