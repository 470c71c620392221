/**
 * The label maps that are being edited: their voxels, what is known of each structure, the history.
 *
 * Voxels are those the slices are drawn from; they change in place, and only the part that changed is
 * told to the graphics.
 */
import type { Triple } from "../geometry";
import type { LoadedMap } from "../hit";
import type { LabelMap } from "../manifest";
import type { Image } from "../nifti";
import { keyOf, type StructureKey } from "../state";
import type { Block } from "./block";
import { History, type Step } from "./history";
import { apply, boxOf, changesIn, matching, reversed, type Runs, voxelsOf } from "./runs";
import { type Box, extracted, joined, sizeOf, type Space, triple } from "./space";

/** What the editor needs of the engine. */
export interface Pictures {
  readonly image: Image | null;
  readonly loaded: readonly LoadedMap[];
  /** A label map in which nothing has been found; null where it cannot be made. */
  blank: (map: string) => LoadedMap | null;
  spaceOf: (image: Image) => Space;
  labelsChanged: (map: LabelMap, box: Box) => void;
}

export interface Labels {
  map: LabelMap;
  voxels: Uint8Array<ArrayBuffer>;
  space: Space;
}

/** How many voxels a structure has won and lost. */
export interface Tally {
  added: number;
  removed: number;
}

export class LabelEditor {
  readonly #pictures: Pictures;
  readonly #history: History;
  readonly #boxes = new Map<StructureKey, Box>();

  constructor(pictures: Pictures, history = new History()) {
    this.#pictures = pictures;
    this.#history = history;
    for (const { map } of pictures.loaded)
      for (const one of map.structures)
        this.#boxes.set(keyOf(map.name, one.label), {
          from: one.bbox_min_ijk,
          to: triple((axis) => one.bbox_max_ijk[axis] + 1),
        });
  }

  get history(): Pick<History, "canUndo" | "canRedo" | "whole"> {
    return this.#history;
  }

  /** A label map to edit; one that is empty is made here, so that it costs nothing before. */
  labelsOf(name: string): Labels | null {
    const { loaded } = this.#pictures;
    const found = loaded.find(({ map }) => map.name === name) ?? this.#pictures.blank(name);
    if (!found || !(found.image.voxels instanceof Uint8Array)) return null;
    const { map, image } = found;
    return { map, voxels: found.image.voxels, space: this.#pictures.spaceOf(image) };
  }

  /** Where a structure is, at most; null where it has no voxel. */
  boxOf(key: StructureKey): Box | null {
    return this.#boxes.get(key) ?? null;
  }

  labelAt(name: string, [i, j, k]: Triple): number {
    const labels = this.labelsOf(name);
    if (!labels) return 0;
    const [x, y, z] = labels.space.offsets;
    return labels.voxels[(x[i] ?? NaN) + (y[j] ?? NaN) + (z[k] ?? NaN)] ?? 0;
  }

  /** A part of a label map to be worked on, with the image's values where they are wanted. */
  blockOf({ voxels, space }: Labels, box: Box, withValues: boolean): Block {
    const image = withValues ? this.#pictures.image : null;
    return {
      shape: sizeOf(box),
      spacing: space.spacing,
      labels: extracted(voxels, space, box),
      values: image && this.#valuesOf(image, box),
    };
  }

  #valuesOf(image: Image, box: Box): Float32Array<ArrayBuffer> {
    const stored = extracted(image.voxels, this.#pictures.spaceOf(image), box);
    return Float32Array.from(stored, (one) => one * image.slope + image.intercept);
  }

  /** Put a block's labels where they were taken out. */
  replace(labels: Labels, box: Box, after: Uint8Array): void {
    const before = extracted(labels.voxels, labels.space, box);
    const runs = changesIn(box, before, after, labels.space.shape);
    apply(runs, labels.voxels, labels.space);
    this.record({ map: labels.map.name, runs });
  }

  /** The voxels have been changed so: remember it. */
  record(step: Step): void {
    if (step.runs.starts.length === 0) return;
    this.#history.add(step);
    this.#changed(step);
  }

  undo(): void {
    this.#redo(this.#history.undo());
  }

  redo(): void {
    this.#redo(this.#history.redo());
  }

  #redo(step: Step | null, told: (step: Step) => void = (one) => this.#changed(one)): void {
    const labels = step && this.labelsOf(step.map);
    if (!labels) return;
    apply(step.runs, labels.voxels, labels.space);
    told(step);
  }

  /** Take over edits of before, as far as they begin from what is there now; says what is left out. */
  resume(edits: ReadonlyMap<string, Runs>): { left: number } {
    let left = 0;
    for (const [name, runs] of edits) {
      const labels = this.labelsOf(name);
      const fitting = labels ? matching(runs, labels.voxels, labels.space) : null;
      left += voxelsOf(runs) - (fitting ? voxelsOf(fitting) : 0);
      if (!labels || !fitting) continue;
      apply(fitting, labels.voxels, labels.space);
      this.record({ map: name, runs: fitting });
    }
    return { left };
  }

  /** Everything as it was before the first edit. */
  revert(): void {
    for (const [map, runs] of this.#history.whole)
      this.#redo({ map, runs: reversed(runs) }, (step) => this.record(step));
  }

  /** By structure; those that are as they were are not in it. */
  tallies(): Map<StructureKey, Tally> {
    const tallies = new Map<StructureKey, Tally>();
    const of = (name: string, label: number) => {
      const key = keyOf(name, label);
      const tally = tallies.get(key) ?? { added: 0, removed: 0 };
      tallies.set(key, tally);
      return tally;
    };
    for (const [name, { lengths, before, after }] of this.#history.whole)
      lengths.forEach((length, run) => {
        const [from, to] = [before[run] ?? 0, after[run] ?? 0];
        if (from) of(name, from).removed += length;
        if (to) of(name, to).added += length;
      });
    return tallies;
  }

  #changed({ map: name, runs }: Step): void {
    const labels = this.labelsOf(name);
    const box = labels && boxOf(runs, labels.space.shape);
    if (!labels || !box) return;
    for (const label of new Set([...runs.before, ...runs.after])) {
      const key = keyOf(name, label);
      if (label) this.#boxes.set(key, joined(this.#boxes.get(key) ?? null, box) ?? box);
    }
    this.#pictures.labelsChanged(labels.map, box);
  }
}
