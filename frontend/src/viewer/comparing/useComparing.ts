/** Both sides of a correction in a workspace: what differs, where it is, which side is shown. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { http } from "@/api/client";

import { type Difference, unpacked } from "../editing/difference";
import { triple } from "../editing/space";
import type { Engine } from "../engine";
import { centreOf } from "../geometry";
import type { CompareCommand } from "../keys";
import { AXES } from "../layouts";
import type { Compared } from "../manifest";
import type { Layout, StructureKey } from "../state";
import { TooLarge } from "../useStudyImages";
import {
  type Comparison,
  comparisonOf,
  largestSlice,
  nextSlice,
  pictureOf,
  placeOn,
} from "./comparison";
import { fitting, type Side, Sides } from "./sides";

export interface Comparing {
  compared: Compared;
  /** Undefined while it is on its way; null where nothing differs. */
  comparison: Comparison | null | undefined;
  error: unknown;
  side: Side;
  /** What differs is drawn over the images. */
  isMarked: boolean;
  /** To the other side, differences off or on, to a slice with differences of the plane in view. */
  run: (what: CompareCommand) => void;
  /** To the slice on which most of a structure differs. */
  goTo: (key: StructureKey) => void;
}

interface Props {
  study: number;
  compared: Compared | null;
  engine: Engine | null;
  /** Every label map has arrived. */
  isComplete: boolean;
  layout: Layout;
  /** These structures differ: they are shown, and no others. */
  begin: (keys: readonly StructureKey[]) => void;
}

interface Found {
  comparison: Comparison | null;
  sides: Sides;
}

export function useComparing(props: Props): Comparing | null {
  const { study, compared, engine, isComplete, layout, begin } = props;
  const [found, setFound] = useState<Found>();
  const [error, setError] = useState<unknown>(null);
  const [side, setSide] = useState<Side>("after");
  const [isMarked, setMarked] = useState(true);

  useEffect(() => {
    if (!engine || !compared || !isComplete) return;
    const controller = new AbortController();
    const { signal } = controller;
    const load = async () => {
      const { maps } = await differenceOf(study, compared.number, signal);
      const fitted = fitting(engine, maps, compared.isApplied);
      const comparison = comparisonOf(fitted, engine.grid.shape);
      if (comparison && !(await engine.setDifference(pictureOf(comparison, engine.grid))))
        throw new TooLarge();
      if (signal.aborted) return;
      const loaded = compared.isApplied ? "after" : "before";
      setFound({ comparison, sides: new Sides(engine, fitted, loaded) });
    };
    load().catch((problem: unknown) => {
      if (!signal.aborted) setError(problem);
    });
    return () => controller.abort();
  }, [engine, compared, isComplete, study]);

  useEffect(() => found?.sides.show(side), [found, side]);

  const comparison = found?.comparison;
  const axis = AXES[layout];
  const moveTo = useCallback(
    (slice: number | null, only?: StructureKey) => {
      if (!engine || !comparison || axis === undefined || slice === null) return;
      const { shape } = engine.grid;
      const place = placeOn(comparison, shape, { axis, slice, only });
      if (place) engine.moveTo(triple((one) => centreOf(place[one], shape[one])));
    },
    [engine, comparison, axis],
  );
  const run = useCallback(
    (what: CompareCommand) => {
      if (!engine || !comparison) return;
      if (what === "flip") setSide((now) => (now === "after" ? "before" : "after"));
      else if (what === "mark") setMarked((now) => !now);
      else if (axis !== undefined) {
        const voxels = comparison.slices[axis];
        const step = what === "next" ? 1 : -1;
        moveTo(
          what === "largest" ? largestSlice(voxels) : nextSlice(voxels, engine.sliceOf(axis), step),
        );
      }
    },
    [engine, comparison, axis, moveTo],
  );
  const goTo = useCallback(
    (key: StructureKey) => {
      const change = comparison?.structures.find((one) => one.key === key);
      if (change && axis !== undefined) moveTo(largestSlice(change.slices[axis]), key);
    },
    [comparison, axis, moveTo],
  );

  // Where it begins: the structures that differ, where they differ most.
  const begun = useRef<Found>(undefined);
  useEffect(() => {
    if (!comparison || begun.current === found) return;
    begun.current = found;
    begin(comparison.structures.map(({ key }) => key));
    run("largest");
  }, [comparison, found, begin, run]);

  return useMemo(
    () => compared && { compared, comparison, error, side, isMarked, run, goTo },
    [compared, comparison, error, side, isMarked, run, goTo],
  );
}

async function differenceOf(
  study: number,
  number: number,
  signal: AbortSignal,
): Promise<Difference> {
  const asked = { parseAs: "arrayBuffer", signal } as const;
  const { data } = number
    ? await http.GET("/api/v1/studies/{study_id}/corrections/{number}/difference", {
        params: { path: { study_id: study, number } },
        ...asked,
      })
    : await http.GET("/api/v1/studies/{study_id}/versions/{version}/difference", {
        params: { path: { study_id: study, version: 0 } },
        ...asked,
      });
  if (!data) throw new Error("the server said nothing");
  return unpacked(data);
}
