/**
 * What NiiVue itself holds of a study: a coarse copy, for the geometry and for 3-D.
 *
 * The copy has the volume's field of view, so that NiiVue's fractions are ours. It is made when 3-D
 * is looked at for the first time.
 */
import { type Niivue, NVImage } from "@niivue/niivue";

import type { Display } from "./display";
import { coarser, type Grid } from "./geometry";
import type { LoadedMap } from "./hit";
import { LABELS, lutOf } from "./lut";
import { type Image, niftiType, resampled, type Voxels } from "./nifti";
import type { StructureKey } from "./state";
import { rangeOf } from "./windows";

/** Voxels of the copy that gives the geometry; it is never seen. */
const GEOMETRY_VOXELS = 4096;
/** Voxels that are rendered in 3-D: what every graphics card does fluently, */
const RENDER_VOXELS = 8_000_000;
/** and what a processor does that stands in for one. */
const SOFTWARE_VOXELS = 500_000;
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
const INTENT_LABEL = 1002;

export class Rendering {
  readonly #nv: Niivue;
  readonly #grid: Grid;
  readonly #signal: AbortSignal;
  #made: { image: Image; maps: number } | null = null;
  #shown = "";

  constructor(nv: Niivue, grid: Grid, signal: AbortSignal) {
    this.#nv = nv;
    this.#grid = grid;
    this.#signal = signal;
  }

  /** Give NiiVue the geometry; there is nothing to see yet. */
  async begin(): Promise<void> {
    const grid = coarser(this.#grid, GEOMETRY_VOXELS);
    const [across, along, up] = grid.shape;
    const volume = await imageOf(grid, new Uint8Array(across * along * up));
    if (!this.#signal.aborted) this.#nv.addVolume(volume);
  }

  /** Labels have changed: what 3-D shows is made anew when it is looked at. */
  forget(): void {
    this.#made = null;
  }

  /** Bring what 3-D shows up to date. */
  async update(
    image: Image,
    maps: readonly LoadedMap[],
    display: Display,
    flashing: ReadonlySet<StructureKey>,
  ): Promise<void> {
    if (this.#made?.image !== image || this.#made.maps !== maps.length)
      await this.#make(image, maps);
    const { window, shown, masksOff, body } = display;
    const looks = JSON.stringify([window, [...shown], masksOff, body, [...flashing]]);
    const [volume, ...labels] = this.#nv.volumes;
    if (looks === this.#shown || !volume || this.#signal.aborted) return;
    this.#shown = looks;
    [volume.cal_min, volume.cal_max] = rangeOf(window);
    // Structures are seen through the body.
    const hasMasks = !masksOff && shown.size > 0 && labels.length > 0;
    volume.opacity = hasMasks ? body : 1;
    const visible = masksOff ? new Set<StructureKey>() : shown;
    labels.forEach((one, at) => {
      const map = maps[at]?.map;
      if (!map) return;
      const lut = new Uint8ClampedArray(lutOf(map, visible, flashing));
      one.colormapLabel = { lut, min: 0, max: LABELS - 1 };
    });
    this.#nv.updateGLVolume();
  }

  async #make(image: Image, maps: readonly LoadedMap[]): Promise<void> {
    this.#made = { image, maps: maps.length };
    const voxels = isSoftware(this.#nv.gl) ? SOFTWARE_VOXELS : RENDER_VOXELS;
    const grid = coarser(this.#grid, voxels);
    const volume = await imageOf(grid, resampled(image, grid.shape), image);
    const labels = await Promise.all(
      maps.map((one) => imageOf(grid, resampled(one.image, grid.shape))),
    );
    for (const { hdr } of labels) if (hdr) hdr.intent_code = INTENT_LABEL;
    this.#nv.volumes = [volume, ...labels];
    this.#nv.back = volume;
    this.#nv.overlays = labels;
    this.#shown = "";
  }
}

function isSoftware(gl: WebGL2RenderingContext): boolean {
  const told = gl.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = gl.getParameter(told ? told.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  return SOFTWARE.test(String(name));
}

/** An image for NiiVue, in RAS+ order. */
async function imageOf(
  { shape, affine }: Grid,
  voxels: Voxels,
  scale: { slope: number; intercept: number } = { slope: 1, intercept: 0 },
): Promise<NVImage> {
  const spacing = [0, 1, 2].map((axis) =>
    Math.hypot(...affine.slice(0, 3).map((row) => row[axis] ?? 0)),
  );
  const file = NVImage.createNiftiArray(
    [...shape],
    spacing,
    affine.flat(),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- not exported
    niftiType(voxels),
    voxels,
  );
  const image = await NVImage.loadFromUrl({ url: file, name: "volume.nii" });
  if (image.hdr) {
    image.hdr.scl_slope = scale.slope;
    image.hdr.scl_inter = scale.intercept;
  }
  return image;
}
