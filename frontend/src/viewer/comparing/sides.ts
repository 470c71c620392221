/** The label maps that are on the screen as they were before a correction, or as they are after it. */
import { LabelEditor, type Pictures } from "../editing/labelEditor";
import { apply, boxOf, matching, rebased, reversed, type Runs, voxelsOf } from "../editing/runs";

export type Side = "before" | "after";

/** The label maps that were loaded are not those that the correction led to. */
export class OtherVersion extends Error {}

type Maps = ReadonlyMap<string, Runs>;

/**
 * A correction's changes, as they are of the label maps that were loaded.
 *
 * Of one that is applied these are those after it; what waits is put onto them.
 */
export function fitting(pictures: Pictures, maps: Maps, isApplied: boolean): Maps {
  const editor = new LabelEditor(pictures);
  const fit = (name: string, runs: Runs): Runs => {
    const labels = editor.labelsOf(name);
    // There is no room for it: what differs is told all the same.
    if (!labels) return runs;
    const { voxels, space } = labels;
    if (!isApplied) return rebased(runs, voxels, space);
    if (voxelsOf(matching(reversed(runs), voxels, space)) < voxelsOf(runs))
      throw new OtherVersion();
    return runs;
  };
  return new Map([...maps].map(([name, runs]) => [name, fit(name, runs)]));
}

/** Changes voxels in place, from one side to the other: at once, nothing is loaded again. */
export class Sides {
  readonly #pictures: Pictures;
  readonly #maps: Maps;
  #shown: Side;

  /** `shown` is the side that was loaded. */
  constructor(pictures: Pictures, maps: Maps, shown: Side) {
    this.#pictures = pictures;
    this.#maps = maps;
    this.#shown = shown;
  }

  show(side: Side): void {
    if (side === this.#shown) return;
    this.#shown = side;
    const editor = new LabelEditor(this.#pictures);
    for (const [name, runs] of this.#maps) {
      const labels = editor.labelsOf(name);
      const box = labels && boxOf(runs, labels.space.shape);
      if (!labels || !box) continue;
      apply(side === "after" ? runs : reversed(runs), labels.voxels, labels.space);
      this.#pictures.labelsChanged(labels.map, box);
    }
  }
}
