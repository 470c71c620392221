/**
 * A person edits: what they do with tools, and what comes of it.
 *
 * Places are in voxels of the volume (RAS+); a voxel's centre is at whole numbers.
 */
import type { Axis, Triple } from "../geometry";
import { keyOf, type StructureKey } from "../state";
import { Undoable } from "./block";
import type { Over, ValueWindow } from "./brush";
import { LabelEditor, type Labels, type Pictures, type Tally } from "./labelEditor";
import type { Operation } from "./operations";
import { mirrored } from "./catalogue";
import { boxBetween, Points } from "./points";
import type { Runs } from "./runs";
import { namedBeside, type Settings } from "./settings";
import { joined, triple, widened } from "./space";
import { Stroke } from "./stroke";
import { CalledOff, type Workshop } from "./workshop";

/** A structure that is edited, by its label map and label. */
export interface Target {
  map: string;
  label: number;
}

export type Problem = Undoable["reason"] | "noTarget" | "notLoaded" | "noPair" | "failed";

export interface EditView {
  target: Target | null;
  canUndo: boolean;
  canRedo: boolean;
  tallies: ReadonlyMap<StructureKey, Tally>;
  /** What is being worked on, apart from the page. */
  working: Operation["do"] | null;
  problem: Problem | null;
  /** Slices of the plane in view whose outline was painted by hand. */
  painted: { axis: Axis; slices: readonly number[] } | null;
  points: Points;
}

export interface SessionHost {
  pictures: Pictures;
  settings: () => Settings;
  set: (part: Partial<Settings>) => void;
  workshop: Pick<Workshop, "perform" | "end">;
  /** Everything that is changed, after each edit. */
  changed: (whole: ReadonlyMap<string, Runs>) => void;
}

/** Beyond a structure's box there is what a border is smoothed with. */
const SMOOTHING_REACH = 1.5;

export class EditSession {
  readonly #host: SessionHost;
  readonly #editor: LabelEditor;
  readonly #listeners = new Set<() => void>();
  #stroke: Stroke | null = null;
  #view: EditView = {
    target: null,
    canUndo: false,
    canRedo: false,
    tallies: new Map(),
    working: null,
    problem: null,
    painted: null,
    points: new Points(),
  };

  constructor(host: SessionHost) {
    this.#host = host;
    this.#editor = new LabelEditor(host.pictures);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  view = (): EditView => this.#view;

  get whole(): ReadonlyMap<string, Runs> {
    return this.#editor.history.whole;
  }

  /** There are edits, and all that was begun is among them. */
  get canSave(): boolean {
    return this.whole.size > 0 && !this.isBusy;
  }

  /** A hand is down, or something is being worked on: its voxels are not among the edits yet. */
  get isBusy(): boolean {
    return this.#stroke !== null || this.#view.working !== null;
  }

  #tell(part: Partial<EditView>): void {
    this.#view = { ...this.#view, ...part };
    for (const listener of this.#listeners) listener();
  }

  #edited(part: Partial<EditView> = {}): void {
    const { canUndo, canRedo, whole } = this.#editor.history;
    const points = new Points();
    this.#tell({
      canUndo,
      canRedo,
      tallies: this.#editor.tallies(),
      points,
      problem: null,
      ...part,
    });
    this.#host.changed(whole);
  }

  choose(target: Target): void {
    this.#host.set(namedBeside(this.#host.settings(), this.#view.target, target));
    this.#tell({ target, painted: null, points: new Points(), problem: null });
  }

  /** What was begun with a tool is forgotten. */
  escape(): void {
    if (this.#view.working) this.#host.workshop.end();
    this.#tell({ points: new Points(), problem: null });
  }

  undo(): void {
    if (this.isBusy) return;
    this.#editor.undo();
    this.#edited();
  }

  redo(): void {
    if (this.isBusy) return;
    this.#editor.redo();
    this.#edited();
  }

  resume(edits: ReadonlyMap<string, Runs>): { left: number } {
    const left = this.#editor.resume(edits);
    this.#edited();
    return left;
  }

  /** Everything as it was; nothing can be done with the session after that. */
  discard(): void {
    this.#editor.revert();
    this.#edited();
  }

  // Hands: mouse, pen, finger, or the keys at the crosshair.

  /** A hand goes down; says whether it does something there. */
  press(place: Triple, axis: Axis): boolean {
    if (this.#view.working) return false;
    const { tool } = this.#host.settings();
    if (tool === "pick") return this.#pick(place);
    const labels = this.#labels();
    if (!labels) return false;
    if (tool === "piece") void this.#piece(labels, place);
    else if (tool === "cut" || tool === "box") this.#addPoint(labels, place, axis);
    else this.#begin(labels, place, axis);
    return true;
  }

  drag(place: Triple): void {
    if (this.#stroke) this.#paintTo(this.#stroke, place);
    else if (this.#view.points.places.length > 0)
      this.#tell({ points: this.#view.points.hovered(place) });
  }

  /** The hand is lifted; where it was drawn along, that was a line or a box. */
  lift(place: Triple | null, wasDragged: boolean): void {
    const labels = this.#labels();
    if (this.#stroke) {
      this.#stroke.end(this.#editor);
      this.#stroke = null;
      this.#edited();
    } else if (place && wasDragged && labels && this.#view.points.places.length === 1) {
      this.#addPoint(labels, place, this.#view.points.axis ?? 2);
    }
  }

  #labels(): Labels | null {
    const { target } = this.#view;
    const labels = target && this.#editor.labelsOf(target.map);
    if (!labels) this.#tell({ problem: target ? "notLoaded" : "noTarget" });
    return labels;
  }

  get #label(): number {
    return this.#view.target?.label ?? 0;
  }

  #pick(place: Triple): boolean {
    const at = triple((axis) => Math.round(place[axis]));
    // What is drawn on top lies in the last map.
    for (const { map } of [...this.#host.pictures.loaded].reverse()) {
      const label = this.#editor.labelAt(map.name, at);
      if (label === 0) continue;
      this.choose({ map: map.name, label });
      return true;
    }
    this.#tell({ problem: "nothingThere" });
    return false;
  }

  #begin(labels: Labels, place: Triple, axis: Axis): void {
    const { tool, isBall, sizeMm, over } = this.#host.settings();
    const isEraser = tool === "eraser";
    this.#stroke = new Stroke(
      labels,
      { radiusMm: sizeMm / 2, plane: isBall ? null : axis },
      {
        label: isEraser ? 0 : this.#label,
        // The eraser takes away the structure that is edited, and no other.
        over: isEraser ? this.#label : over,
        window: this.#window(),
      },
    );
    if (!isBall) this.#remember(axis, Math.round(place[axis]));
    this.#paintTo(this.#stroke, place);
  }

  #paintTo(stroke: Stroke, place: Triple): void {
    const labels = this.#labels();
    const box = stroke.to(place);
    if (labels) this.#host.pictures.labelsChanged(labels.map, box);
  }

  #window(): ValueWindow | null {
    const { range } = this.#host.settings();
    const { image, spaceOf } = this.#host.pictures;
    if (!range || !image) return null;
    const { voxels, slope, intercept } = image;
    return { range, image: { voxels, slope, intercept, space: spaceOf(image) } };
  }

  #remember(axis: Axis, slice: number): void {
    const before = this.#view.painted;
    const slices = before?.axis === axis ? before.slices : [];
    if (!slices.includes(slice)) this.#tell({ painted: { axis, slices: [...slices, slice] } });
  }

  #addPoint(labels: Labels, place: Triple, axis: Axis): void {
    const points = this.#view.points.with(place, axis);
    this.#tell({ points, problem: null });
    const { tool, into } = this.#host.settings();
    const [from, to, side] = points.places;
    const box = this.#view.target && this.#boxOf(this.#view.target);
    if (!from || !to || !box) return;
    const label = this.#label;
    if (tool === "box") {
      const kept = boxBetween(from, to, axis, labels.space.shape);
      const inBlock = { from: less(kept.from, box.from), to: less(kept.to, box.from) };
      void this.#work(labels, { do: "within", label, box: inBlock });
    } else if (side) {
      const [a, b, c] = [from, to, side].map((one) => less(one, box.from)) as [
        Triple,
        Triple,
        Triple,
      ];
      const cut = { from: a, to: b, side: c, through: axis };
      void this.#work(labels, { do: "cut", label, cut, to: into });
    }
  }

  async #piece(labels: Labels, place: Triple): Promise<void> {
    const { target } = this.#view;
    const box = target && this.#boxOf(target);
    const [i, j, k] = triple((axis) => Math.round(place[axis]));
    if (this.#editor.labelAt(labels.map.name, [i, j, k]) !== this.#label || !box) {
      this.#tell({ problem: "nothingThere" });
      return;
    }
    const [across, along] = triple((axis) => box.to[axis] - box.from[axis]);
    const [x, y, z] = less([i, j, k], box.from);
    const seed = x + across * (y + along * z);
    const { into } = this.#host.settings();
    await this.#work(labels, { do: "piece", label: this.#label, seed, to: into });
  }

  // What is done to the whole structure.

  grow(): Promise<void> {
    const { growMm, over } = this.#host.settings();
    return this.#whole({
      do: "grow",
      label: this.#label,
      mm: growMm,
      deviations: DEVIATIONS,
      over,
    });
  }

  shrink(): Promise<void> {
    const { growMm } = this.#host.settings();
    return this.#whole({ do: "shrink", label: this.#label, mm: growMm, deviations: DEVIATIONS });
  }

  smooth(): Promise<void> {
    const { smoothMm } = this.#host.settings();
    const over = this.#gentle;
    return this.#whole({ do: "smooth", label: this.#label, mm: smoothMm, over });
  }

  /** Nobody looks at every border: neighbours stay, but for the one that was named. */
  get #gentle(): Over {
    const { over } = this.#host.settings();
    return over === "all" ? "unlabelled" : over;
  }

  /** Left and right change places. */
  async mirror(): Promise<void> {
    const labels = this.#labels();
    const other = labels && mirrored(labels.map, this.#label);
    if (!labels) return;
    if (other === null) {
      this.#tell({ problem: "noPair" });
      return;
    }
    await this.#whole({ do: "swap", label: this.#label, other });
  }

  /** Between the slices that were painted, the structure is what lies between their outlines. */
  fill(): Promise<void> {
    const { over } = this.#host.settings();
    const { axis, slices } = this.#view.painted ?? { axis: 2 as const, slices: [] };
    const { target } = this.#view;
    const box = target && this.#boxOf(target);
    const right = slices.map((slice) => slice - (box?.from[axis] ?? 0));
    return this.#whole({ do: "fill", label: this.#label, axis, right, over });
  }

  async #whole(operation: Operation): Promise<void> {
    const labels = this.#labels();
    if (labels && !this.#view.working) await this.#work(labels, operation);
  }

  #boxOf({ map, label }: Target) {
    return this.#editor.boxOf(keyOf(map, label));
  }

  async #work(labels: Labels, operation: Operation): Promise<void> {
    const key = { map: labels.map.name, label: operation.label };
    let box = this.#boxOf(key);
    if (operation.do === "swap") box = joined(box, this.#boxOf({ ...key, label: operation.other }));
    if (!box) {
      this.#tell({ problem: "nothingThere" });
      return;
    }
    if (operation.do === "grow") box = widened(box, operation.mm, labels.space);
    if (operation.do === "smooth") box = widened(box, SMOOTHING_REACH * operation.mm, labels.space);
    const needsValues = operation.do === "grow" || operation.do === "shrink";
    const block = this.#editor.blockOf(labels, box, needsValues);
    this.#tell({ working: operation.do, problem: null });
    try {
      const after = await this.#host.workshop.perform(block, operation);
      this.#editor.replace(labels, box, after);
      const painted = operation.do === "fill" ? null : this.#view.painted;
      this.#edited({ working: null, painted });
    } catch (error) {
      this.#tell({ working: null, points: new Points(), problem: problemOf(error) });
    }
  }
}

/** A structure's own values reach so many standard deviations from their median: chosen, not measured. */
const DEVIATIONS = 3;

function problemOf(error: unknown): Problem | null {
  if (error instanceof CalledOff) return null;
  return error instanceof Undoable ? error.reason : "failed";
}

function less(one: Triple, other: Triple): Triple {
  return triple((axis) => one[axis] - other[axis]);
}
