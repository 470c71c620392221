/** The textures that slices are drawn from, and what is set before they are. */
import type { Niivue } from "@niivue/niivue";

import { type Box, sizeOf } from "./editing/space";
import type { Triple } from "./geometry";
import { LABELS } from "./lut";
import type { Image } from "./nifti";
import {
  DIFFERENCE_UNIT,
  FIRST_LABELS_UNIT,
  IMAGE_UNIT,
  LUT_UNIT,
  MOST_MAPS,
  type Samples,
  samplesOf,
  sliceShader,
} from "./shader";

/** What is handed to the graphics between two frames; a frame must not wait for more. */
const SLAB_BYTES = 32_000_000;
/** Of the hatching of what was taken away. */
const STRIPE_PIXELS = 3.5;

export interface SliceLook {
  range: [number, number];
  fill: number;
  /** Width in pixels; 0 fills. */
  outline: number;
  hasDifference: boolean;
  crosshair: Triple;
  hasCrosshair: boolean;
}

interface Held {
  image: Image;
  texture: WebGLTexture;
}

export class SliceTextures {
  readonly #nv: Niivue;
  readonly #gl: WebGL2RenderingContext;
  #program = "";
  #image: Held | null = null;
  #labels: (Held | null)[];
  /** What differs between two versions, drawn on top; null: nothing is compared. */
  #difference: Held | null = null;
  readonly #lut: WebGLTexture;
  #none: WebGLTexture | null = null;

  constructor(nv: Niivue, maps: number) {
    this.#nv = nv;
    this.#gl = nv.gl;
    this.#labels = Array.from({ length: maps }, () => null);
    this.#lut = this.#gl.createTexture();
    this.setLut(new Uint8Array(Math.max(maps, 1) * LABELS * 4));
  }

  /** Largest extent of a volume that the graphics take. */
  get limit(): number {
    return this.#gl.getParameter(this.#gl.MAX_3D_TEXTURE_SIZE) as number;
  }

  get hasImage(): boolean {
    return this.#image !== null;
  }

  /**
   * Put an image in the place of the one before, when all of it is with the graphics.
   *
   * Says whether it fits.
   */
  async setImage(image: Image, signal: AbortSignal): Promise<boolean> {
    const texture = await this.#uploaded(image, IMAGE_UNIT, signal);
    if (!texture) return false;
    if (this.#image) this.#gl.deleteTexture(this.#image.texture);
    this.#image = { image, texture };
    this.#fitProgram(image);
    return true;
  }

  #fitProgram({ voxels }: Image): void {
    const { sampler } = samplesOf(voxels);
    const program = sliceShader(sampler, this.#labels.length, this.#difference !== null);
    if (program === this.#program) return;
    this.#program = program;
    // The library draws by itself when the canvas has another size: not before the new program
    // knows its textures (`prepare`), of several types, which must not be looked for in one place.
    this.#nv.isBusy = true;
    this.#nv.setCustomSliceShader(program);
  }

  /** What is drawn on top from now on; says whether the graphics take it. */
  async setDifference(image: Image, signal: AbortSignal): Promise<boolean> {
    const texture = await this.#uploaded(image, DIFFERENCE_UNIT, signal);
    if (!texture) return false;
    if (this.#difference) this.#gl.deleteTexture(this.#difference.texture);
    this.#difference = { image, texture };
    if (this.#image) this.#fitProgram(this.#image.image);
    return true;
  }

  async setLabels(at: number, image: Image, signal: AbortSignal): Promise<boolean> {
    const texture = await this.#uploaded(image, FIRST_LABELS_UNIT + at, signal);
    if (texture) this.#labels[at] = { image, texture };
    return texture !== null;
  }

  /** One more label map, in which no voxel has a label yet. Says whether it fits. */
  addLabels(image: Image): boolean {
    const gl = this.#gl;
    const at = this.#labels.length;
    if (!this.#image || at >= MOST_MAPS || Math.max(...image.shape) > this.limit) return false;
    while (gl.getError() !== gl.NO_ERROR); // of what was before
    // The graphics begin with zeros: nothing is handed over.
    const texture = this.#storage(FIRST_LABELS_UNIT + at, "R8UI", image.shape);
    if (gl.getError() !== gl.NO_ERROR) {
      gl.deleteTexture(texture);
      return false;
    }
    this.#labels.push({ image, texture });
    this.#fitProgram(this.#image.image);
    return true;
  }

  /** Bring a part of a label map that has changed to the graphics; the box is of the file's axes. */
  updateLabels(at: number, { from, to }: Box): void {
    const labels = this.#labels[at];
    if (!labels) return;
    const { image, texture } = labels;
    const [wide, deep, high] = sizeOf({ from, to });
    const part = new Uint8Array(wide * deep * high);
    const [across, along] = image.shape;
    for (let k = 0, out = 0; k < high; k++)
      for (let j = 0; j < deep; j++, out += wide) {
        const row = from[0] + across * (from[1] + j + along * (from[2] + k));
        part.set(image.voxels.subarray(row, row + wide), out);
      }
    const gl = this.#gl;
    gl.activeTexture(gl.TEXTURE0 + FIRST_LABELS_UNIT + at);
    gl.bindTexture(gl.TEXTURE_3D, texture);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    const [format, type] = [gl.RED_INTEGER, gl.UNSIGNED_BYTE];
    gl.texSubImage3D(gl.TEXTURE_3D, 0, ...from, wide, deep, high, format, type, part);
  }

  /** Colours: one row of 256 RGBA values per label map. */
  setLut(values: Uint8Array): void {
    const gl = this.#gl;
    gl.activeTexture(gl.TEXTURE0 + LUT_UNIT);
    gl.bindTexture(gl.TEXTURE_2D, this.#lut);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    const rows = values.length / LABELS / 4;
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, LABELS, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, values);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  }

  /** To be called before a scene is drawn: uniforms last until they are set again. */
  prepare(look: SliceLook): void {
    const gl = this.#gl;
    const program = this.#nv.customSliceShader?.program;
    if (!program || !this.#image) return;
    gl.useProgram(program);
    const at = (name: string) => gl.getUniformLocation(program, name);
    this.#bind(IMAGE_UNIT, this.#image.texture, at("image"));
    gl.uniformMatrix4fv(at("toImage"), false, this.#image.image.fractionToVoxel);
    gl.uniform2f(at("scaling"), this.#image.image.slope, this.#image.image.intercept);
    this.#labels.forEach((labels, row) => {
      const texture = labels?.texture ?? this.#nothing();
      this.#bind(FIRST_LABELS_UNIT + row, texture, at(`labels${row}`));
      if (labels) gl.uniformMatrix4fv(at(`toLabels${row}`), false, labels.image.fractionToVoxel);
    });
    if (this.#difference) {
      const { image, texture } = this.#difference;
      this.#bind(DIFFERENCE_UNIT, texture, at("difference"));
      gl.uniformMatrix4fv(at("toDifference"), false, image.fractionToVoxel);
      gl.uniform1f(at("stripe"), look.hasDifference ? STRIPE_PIXELS * window.devicePixelRatio : 0);
    }
    gl.activeTexture(gl.TEXTURE0 + LUT_UNIT);
    gl.bindTexture(gl.TEXTURE_2D, this.#lut);
    gl.uniform1i(at("lut"), LUT_UNIT);
    gl.uniform2f(at("range"), ...look.range);
    gl.uniform1f(at("fill"), look.fill);
    gl.uniform1f(at("outline"), look.outline * window.devicePixelRatio);
    gl.uniform3f(at("crosshair"), ...look.crosshair);
    const ratio = window.devicePixelRatio;
    gl.uniform3f(at("lineWidth"), 0.5 * ratio, 12 * ratio, look.hasCrosshair ? 0.8 : 0);
    this.#nv.isBusy = false;
  }

  #bind(unit: number, texture: WebGLTexture, location: WebGLUniformLocation | null): void {
    const gl = this.#gl;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_3D, texture);
    gl.uniform1i(location, unit);
  }

  /** One voxel without a label, until a label map is there. */
  #nothing(): WebGLTexture {
    if (!this.#none) {
      this.#none = this.#storage(FIRST_LABELS_UNIT, "R8UI", [1, 1, 1]);
      const gl = this.#gl;
      const voxel = new Uint8Array(1);
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
      const [format, type] = [gl.RED_INTEGER, gl.UNSIGNED_BYTE];
      gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, 0, 1, 1, 1, format, type, voxel);
    }
    return this.#none;
  }

  #storage(unit: number, internal: Samples["internal"], [i, j, k]: Triple): WebGLTexture {
    const gl = this.#gl;
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_3D, texture);
    gl.texParameteri(gl.TEXTURE_3D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_3D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texStorage3D(gl.TEXTURE_3D, 1, gl[internal], i, j, k);
    return texture;
  }

  /** Until the graphics have done what they were told; meanwhile the page lives. */
  async #taken(): Promise<void> {
    const gl = this.#gl;
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    if (!fence) return;
    do await nextFrame();
    while (gl.clientWaitSync(fence, 0, 0) === gl.TIMEOUT_EXPIRED && !gl.isContextLost());
    gl.deleteSync(fence);
  }

  async #uploaded(image: Image, unit: number, signal: AbortSignal): Promise<WebGLTexture | null> {
    const gl = this.#gl;
    if (Math.max(...image.shape) > this.limit) return null;
    const { internal, format, type } = samplesOf(image.voxels);
    await this.#taken(); // to be asked about errors, the graphics would hold the page up until then
    while (gl.getError() !== gl.NO_ERROR); // of what was before
    const texture = this.#storage(unit, internal, image.shape);
    const [across, along, up] = image.shape;
    const slice = across * along;
    const slices = Math.max(1, Math.floor(SLAB_BYTES / (slice * image.voxels.BYTES_PER_ELEMENT)));
    for (let from = 0; from < up; from += slices) {
      if (signal.aborted || gl.isContextLost()) return null;
      const count = Math.min(slices, up - from);
      const voxels = image.voxels.subarray(from * slice, (from + count) * slice);
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_3D, texture);
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
      gl.texSubImage3D(
        ...([gl.TEXTURE_3D, 0, 0, 0, from, across, along, count, gl[format], gl[type]] as const),
        voxels,
      );
      await this.#taken();
    }
    if (signal.aborted) return null;
    if (gl.getError() === gl.NO_ERROR) return texture;
    gl.deleteTexture(texture);
    return null;
  }
}

/** A hidden page has no frames, and goes on loading. */
function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    if (document.hidden) setTimeout(resolve);
    else requestAnimationFrame(() => resolve());
  });
}
