/**
 * NiiVue behind a narrow door: where slices lie on the canvas, and 3-D, are its work.
 *
 * It gets a coarse copy of the volume, which gives the geometry and the 3-D rendering
 * (`rendering.ts`); slices are drawn from the full volume by `slices.ts`. Zoom, pan and rotation are
 * in `camera.ts`, distances in `distances.ts`.
 */
import { Niivue, SHOW_RENDER, SLICE_TYPE } from "@niivue/niivue";

import { Camera, type CameraState } from "./camera";
import type { Display } from "./display";
import { Distances } from "./distances";
import { type Box, fileBoxOf, joined, type Space, spaceOf, triple } from "./editing/space";
import {
  type Axis,
  centreOf,
  type Grid,
  indexAt,
  mmToFraction,
  pixelOf,
  PLANES,
  snapped,
  stepped,
  type Triple,
} from "./geometry";
import type { LoadedMap } from "./hit";
import { isStored } from "./labelMaps";
import { AXES, QUARTERS, SLICE_TYPES, type Tile, tileOf } from "./layouts";
import { lutOf, lutTexture } from "./lut";
import { drawPart, type Part } from "./partialDrawing";
import type { LabelMap } from "./manifest";
import { blankImage, type Image } from "./nifti";
import { Rendering } from "./rendering";
import { type SliceLook, SliceTextures } from "./slices";
import type { Layout, StructureKey } from "./state";
import { rangeOf } from "./windows";

const OUTLINE_PIXELS = 1.5;
const FLASH_MS = 220;
const FLASHES = 5;
const LETTERS_MARGIN = 6;
/** 3-D follows when a hand has rested this long. */
const SURFACE_AFTER_MS = 500;

/** On the canvas, in CSS pixels. */
interface Point {
  x: number;
  y: number;
}

export interface View {
  crosshair: Triple;
  pointer: Triple | null;
  zoom: number;
  measurements: number;
  isFlashing: boolean;
}

export const BEGINNING: View = {
  crosshair: [0.5, 0.5, 0.5],
  pointer: null,
  zoom: 1,
  measurements: 0,
  isFlashing: false,
};

/** What a person looks at; it outlives the engine when results are replaced. */
export interface Outlook {
  crosshair: Triple;
  camera: CameraState;
}

export class Engine {
  readonly grid: Grid;
  /** Those that are drawn, in the order of their textures. */
  readonly #maps: LabelMap[];
  readonly #empty: readonly LabelMap[];
  readonly #nv: Niivue;
  #slices: SliceTextures | null = null;
  #image: Image | null = null;
  #loaded: LoadedMap[] = [];
  #display: Display | null = null;
  #flashing: ReadonlySet<StructureKey> = new Set();
  #flashTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #rendering: Rendering;
  readonly #camera: Camera;
  readonly #distances: Distances;
  #view: View;
  readonly #spaces = new WeakMap<Image, Space>();
  readonly #listeners = new Set<() => void>();
  readonly #afterDrawing = new Set<() => void>();
  #drawings = 0;
  /** All has to be drawn anew. */
  #isStale = true;
  /** Where labels have changed since it was drawn. */
  #touched: Box | null = null;
  #frame = 0;
  #surfaceTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #ended = new AbortController();

  constructor(grid: Grid, maps: readonly LabelMap[]) {
    this.grid = grid;
    this.#maps = maps.filter(isStored);
    this.#empty = maps.filter((map) => !isStored(map));
    this.#view = { ...BEGINNING, crosshair: snapped(BEGINNING.crosshair, grid) };
    this.#nv = new Niivue({
      // Every gesture is ours (pointer.ts), files dropped on the canvas are nobody's.
      interactive: false,
      dragAndDropEnabled: false,
      isRadiologicalConvention: true,
      sagittalNoseLeft: true,
      isOrientationTextVisible: false,
      showAllOrientationMarkers: true,
      multiplanarShowRender: SHOW_RENDER.ALWAYS,
      crosshairWidth: 0,
      show3Dcrosshair: false,
      isOrientCube: true,
      loadingText: "",
      logLevel: "silent",
      backColor: [0, 0, 0, 1],
      fontColor: [0.75, 0.8, 0.84, 1],
      fontMinPx: 12,
      fontSizeScaling: 0.1,
      rulerWidth: 2,
      rulerColor: [1, 0.82, 0.4, 1],
      measureLineColor: [1, 0.82, 0.4, 1],
      measureTextColor: [1, 0.82, 0.4, 1],
    });
    this.#rendering = new Rendering(this.#nv, grid, this.#ended.signal);
    this.#camera = new Camera(this.#nv);
    this.#distances = new Distances(this.#nv, grid);
  }

  /** Start on a canvas, whose parent it fills. */
  async attach(canvas: HTMLCanvasElement): Promise<void> {
    // Ours is the context that the library finds: what was drawn stays, so that a part can be renewed.
    canvas.getContext("webgl2", { alpha: true, antialias: false, preserveDrawingBuffer: true });
    await this.#nv.attachToCanvas(canvas, false);
    if (this.#isOver()) return;
    await this.#rendering.begin();
    if (this.#isOver()) return;
    this.#slices = new SliceTextures(this.#nv, this.#maps.length);
    this.#nv.scene.crosshairPos = [...this.#view.crosshair];
    this.#camera.reset();
  }

  end(): void {
    this.#ended.abort();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#flashTimer);
    clearTimeout(this.#surfaceTimer);
    this.#listeners.clear();
    this.#afterDrawing.clear();
    this.#nv.cleanup();
    // Graphics memory comes back now, not when the page is collected.
    this.#nv._gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #isOver(): boolean {
    return this.#ended.signal.aborted;
  }

  get image(): Image | null {
    return this.#image;
  }

  get loaded(): readonly LoadedMap[] {
    return this.#loaded;
  }

  /** Says whether the graphics take it. */
  async setImage(image: Image): Promise<boolean> {
    const fits = await this.#slices?.setImage(image, this.#ended.signal);
    if (!fits) return false;
    this.#image = image;
    this.#changed();
    return true;
  }

  async setLabels(map: LabelMap, image: Image): Promise<boolean> {
    const at = this.#maps.indexOf(map);
    const fits = await this.#slices?.setLabels(at, image, this.#ended.signal);
    if (!fits) return false;
    this.#loaded = [...this.#loaded, { map, image }];
    this.#changed();
    return true;
  }

  /** What differs between two versions, to be drawn over the slices. */
  async setDifference(image: Image): Promise<boolean> {
    const fits = await this.#slices?.setDifference(image, this.#ended.signal);
    if (fits) this.redraw();
    return fits ?? false;
  }

  /** A label map without a voxel, made when somebody paints on it; null where nothing has room. */
  blank(name: string): LoadedMap | null {
    const map = this.#empty.find((one) => one.name === name);
    if (!map || !this.#slices) return null;
    let image: Image;
    try {
      image = blankImage(this.grid);
    } catch {
      return null; // no memory
    }
    if (!this.#slices.addLabels(image)) return null;
    const made = { map, image };
    this.#maps.push(map);
    this.#loaded = [...this.#loaded, made];
    this.#colour();
    this.redraw();
    return made;
  }

  /** A part of a loaded label map has changed in place. */
  labelsChanged(map: LabelMap, box: Box): void {
    const at = this.#maps.indexOf(map);
    const labels = this.#loaded.find((one) => one.map === map);
    if (!labels) return;
    const space = this.spaceOf(labels.image);
    this.#slices?.updateLabels(at, fileBoxOf(labels.image, space, box));
    this.#touched = joined(this.#touched, box);
    // What is at the pointer may be another structure now.
    this.#tell({});
    this.#drawSoon();
    clearTimeout(this.#surfaceTimer);
    this.#surfaceTimer = setTimeout(() => {
      this.#rendering.forget();
      if (this.#hasSurface) this.redraw();
    }, SURFACE_AFTER_MS);
  }

  get #hasSurface(): boolean {
    return this.#display?.layout === "render" || this.#display?.layout === "grid";
  }

  /** Where an image has the volume's voxels. */
  spaceOf(image: Image): Space {
    let space = this.#spaces.get(image);
    if (!space) this.#spaces.set(image, (space = spaceOf(image, this.grid)));
    return space;
  }

  show(display: Display): void {
    const before = this.#display;
    this.#display = display;
    if (before?.layout !== display.layout) this.#arrange(display.layout);
    this.#colour();
    this.redraw();
  }

  #arrange(layout: Layout): void {
    this.#nv.opts.sliceType = SLICE_TYPES[layout];
    this.#nv.customLayout = layout === "grid" ? [...QUARTERS] : [];
    this.#setPointer(null);
  }

  #colour(): void {
    if (!this.#display) return;
    const { shown } = this.#display;
    const rows = this.#maps.map((map) => lutOf(map, shown, this.#flashing));
    this.#slices?.setLut(lutTexture(rows));
  }

  /** Draw with the next frame; many wishes are one drawing. */
  redraw(): void {
    this.#isStale = true;
    this.#drawSoon();
  }

  #drawSoon(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      void this.#draw();
    });
  }

  async #draw(): Promise<void> {
    const display = this.#display;
    if (!display || !this.#image || !this.#slices?.hasImage || this.#isOver()) return;
    if (this.#hasSurface)
      await this.#rendering.update(this.#image, this.#loaded, display, this.#flashing);
    if (this.#isOver()) return;
    // Colours of structures would mix with those of the differences.
    const isOutlined = display.outline || display.differences;
    const look: SliceLook = {
      range: rangeOf(display.window),
      fill: display.masksOff ? 0 : display.opacity,
      outline: isOutlined && !display.masksOff ? OUTLINE_PIXELS : 0,
      hasDifference: display.differences,
      crosshair: this.#view.crosshair,
      hasCrosshair: display.tool === "crosshair",
    };
    this.#slices.prepare(look);
    const part = this.#isStale || this.#hasSurface ? null : this.#touchedPart();
    this.#isStale = false;
    this.#touched = null;
    if (part) drawPart(this.#nv, part);
    else {
      this.#nv.drawScene();
      this.#drawOrientations();
      this.#distances.draw(display.distanceText);
    }
    this.#drawings += 1;
    for (const listener of this.#afterDrawing) listener();
  }

  /** What of the canvas shows the labels that have changed, in its own pixels; null: not only that. */
  #touchedPart(): Part | null {
    const axis = AXES[this.#display?.layout ?? "axial"];
    if (axis === undefined || !this.#touched || this.#distances.count > 0) return null;
    const { from, to } = this.#touched;
    const fraction = (corner: Triple) => triple((one) => corner[one] / this.grid.shape[one]);
    const [one, other] = [from, to].map((corner) => this.pointOf(fraction(corner), axis));
    if (!one || !other) return null;
    // A label's outline changes around its voxels, too.
    const margin = OUTLINE_PIXELS + 2;
    const left = Math.min(one.x, other.x) - margin;
    const top = Math.min(one.y, other.y) - margin;
    const [wide, high] = [Math.abs(one.x - other.x), Math.abs(one.y - other.y)];
    const ratio = this.#ratio;
    return {
      left: Math.floor(left * ratio),
      top: Math.floor(top * ratio),
      wide: Math.ceil((wide + 2 * margin) * ratio) + 1,
      high: Math.ceil((high + 2 * margin) * ratio) + 1,
    };
  }

  /** Only what has been drawn says where places are on the canvas. */
  subscribeToDrawing = (listener: () => void): (() => void) => {
    this.#afterDrawing.add(listener);
    return () => this.#afterDrawing.delete(listener);
  };

  /** How often it has been drawn. */
  drawings = (): number => this.#drawings;

  /** NiiVue would put the letters half beyond the edges. */
  #drawOrientations(): void {
    const margin = LETTERS_MARGIN * this.#ratio;
    for (const { axCorSag, leftTopWidthHeight } of this.#nv.screenSlices) {
      if (axCorSag === SLICE_TYPE.RENDER) continue;
      const [left = 0, top = 0, width = 0, height = 0] = leftTopWidthHeight;
      const inner = [left + margin, top + margin, width - 2 * margin, height - 2 * margin];
      this.#nv.drawSliceOrientationText(inner, axCorSag);
    }
  }

  // Places.

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  view = (): View => this.#view;

  #changed(view: Partial<View> = {}): void {
    this.#tell(view);
    this.redraw();
  }

  #tell(view: Partial<View>): void {
    this.#view = { ...this.#view, ...view };
    for (const listener of this.#listeners) listener();
  }

  moveTo(fraction: Triple): void {
    this.#nv.scene.crosshairPos = [...fraction];
    this.#changed({ crosshair: fraction });
  }

  moveToMm(mm: Triple): void {
    this.moveTo(snapped(mmToFraction(this.grid, mm), this.grid));
  }

  scroll(axis: Axis, by: number): void {
    const size = this.grid.shape[axis];
    const steps = Math.min(Math.max(by, -size), size);
    this.moveTo(stepped(this.#view.crosshair, axis, steps, this.grid));
  }

  goToSlice(axis: Axis, index: number): void {
    const to: [number, number, number] = [...this.#view.crosshair];
    to[axis] = centreOf(index, this.grid.shape[axis]);
    this.moveTo(to);
  }

  sliceOf(axis: Axis): number {
    return indexAt(this.#view.crosshair[axis], this.grid.shape[axis]);
  }

  /** Place under a point of the canvas (CSS pixels); slices are hit at their voxels' centres. */
  placeAt(x: number, y: number): Triple | null {
    const ratio = this.#ratio;
    const tile = this.tileAt(x, y);
    if (tile?.axis == null) return null;
    const [a = -1, b = -1, c = -1] = this.#nv.canvasPos2frac([x * ratio, y * ratio]);
    if (a < 0) return null;
    const place: [number, number, number] = [a, b, c];
    place[tile.axis] = this.#view.crosshair[tile.axis];
    return place;
  }

  tileAt(x: number, y: number): Tile | null {
    const at = this.#nv.tileIndex(x * this.#ratio, y * this.#ratio);
    return tileOf(this.#nv.screenSlices[at]?.axCorSag);
  }

  /** Where a place is on the canvas (CSS pixels), and how long a mm is there; null: not in view. */
  pointOf(place: Triple, axis: Axis): (Point & { perMm: number }) | null {
    const tile = this.#nv.screenSlices.find(({ axCorSag }) => tileOf(axCorSag)?.axis === axis);
    if (!tile) return null;
    const ratio = this.#ratio;
    const mm = [...this.#nv.frac2mm([...place])];
    const [x, y] = pixelOf(tile, PLANES[axis], [mm[0] ?? 0, mm[1] ?? 0, mm[2] ?? 0]);
    const [, , width = 0] = tile.leftTopWidthHeight;
    const perMm = Math.abs(width / (tile.fovMM[0] ?? 1)) / ratio;
    return { x: x / ratio, y: y / ratio, perMm };
  }

  point(x: number, y: number): void {
    this.#setPointer(this.placeAt(x, y));
  }

  pointNowhere(): void {
    this.#setPointer(null);
  }

  #setPointer(pointer: Triple | null): void {
    if (pointer !== null || this.#view.pointer !== null) this.#tell({ pointer });
  }

  get #ratio(): number {
    return this.#nv.uiData.dpr ?? 1;
  }

  // Zoom and pan, also of 3-D.

  /** What is under a point of the canvas stays there; else what the crosshair is on. */
  zoom(steps: number, x?: number, y?: number): void {
    const at = x === undefined || y === undefined ? null : this.#mmAt(x, y);
    this.#camera.zoomAt(steps, at ?? [...this.#nv.frac2mm([...this.#view.crosshair])]);
    this.#changed({ zoom: this.#camera.zoom });
  }

  pan(from: Point, to: Point): void {
    const [a, b] = [this.#mmAt(from.x, from.y), this.#mmAt(to.x, to.y)];
    if (!a || !b || a[3] !== b[3]) return;
    this.#camera.pan(b.map((mm, axis) => mm - (a[axis] ?? 0)));
    this.#changed();
  }

  #mmAt(x: number, y: number): number[] | null {
    const mm = [...this.#nv.screenXY2mm(x * this.#ratio, y * this.#ratio)];
    return Number.isNaN(mm[0]) ? null : mm;
  }

  rotate(across: number, down: number): void {
    this.#camera.rotate(across, down);
    this.redraw();
  }

  zoomRender(steps: number): void {
    this.#camera.zoomRender(steps);
    this.redraw();
  }

  outlook(): Outlook {
    return { crosshair: this.#view.crosshair, camera: this.#camera.state };
  }

  /** Look there again. */
  lookAt({ crosshair, camera }: Outlook): void {
    this.#camera.state = camera;
    this.moveTo(crosshair);
    this.#changed({ zoom: this.#camera.zoom });
  }

  /** Middle of the volume, nothing moved, nothing measured. */
  reset(): void {
    this.#camera.reset();
    this.#distances.clear();
    this.#changed({ zoom: 1, measurements: 0 });
    this.moveTo(snapped([0.5, 0.5, 0.5], this.grid));
  }

  // Distances.

  measure(from: Point, to: Point): void {
    const ratio = this.#ratio;
    this.#distances.begin([from.x * ratio, from.y * ratio], [to.x * ratio, to.y * ratio]);
    this.redraw();
  }

  /** Keep the distance that is being drawn. */
  keepMeasurement(): void {
    this.#distances.keep();
    this.#changed({ measurements: this.#distances.count });
  }

  clearMeasurements(): void {
    this.#distances.clear();
    this.#changed({ measurements: 0 });
  }

  /** Let structures light up for a moment. */
  flash(keys: readonly StructureKey[]): void {
    clearTimeout(this.#flashTimer);
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = (left: number) => {
      this.#flashing = new Set(left % 2 ? keys : []);
      this.#colour();
      this.#changed({ isFlashing: left > 0 });
      if (left > 0) this.#flashTimer = setTimeout(() => step(left - 1), FLASH_MS);
    };
    step(isCalm ? 1 : FLASHES);
  }

  /** What is on the canvas now, as a picture. */
  async picture(): Promise<ImageBitmap> {
    await this.#draw();
    const { canvas } = this.#nv;
    if (!canvas) throw new Error("there is nothing to take a picture of");
    return createImageBitmap(canvas);
  }
}
