/** Zoom and pan of the slices, and from where 3-D is seen. */
import type { Niivue } from "@niivue/niivue";

/** From the front, a little from the left, as a body is pictured. */
const [AZIMUTH, ELEVATION] = [165, 10];
const DEGREES_PER_PIXEL = 0.6;
const ZOOM_STEP = 1.2;
const [LEAST_ZOOM, MOST_ZOOM] = [0.5, 20];
const [LEAST_RENDER_ZOOM, MOST_RENDER_ZOOM] = [0.5, 4];

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

export interface CameraState {
  pan: readonly number[];
  scale: number;
  azimuth: number;
  elevation: number;
}

export class Camera {
  readonly #nv: Niivue;

  constructor(nv: Niivue) {
    this.#nv = nv;
  }

  reset(): void {
    const { scene } = this.#nv;
    scene.pan2Dxyzmm = [0, 0, 0, 1];
    scene.volScaleMultiplier = 1;
    scene.renderAzimuth = AZIMUTH;
    scene.renderElevation = ELEVATION;
  }

  get state(): CameraState {
    const { pan2Dxyzmm, volScaleMultiplier, renderAzimuth, renderElevation } = this.#nv.scene;
    return {
      pan: [...pan2Dxyzmm],
      scale: volScaleMultiplier,
      azimuth: renderAzimuth,
      elevation: renderElevation,
    };
  }

  set state({ pan: [x = 0, y = 0, z = 0, zoom = 1], scale, azimuth, elevation }: CameraState) {
    const { scene } = this.#nv;
    scene.pan2Dxyzmm = [x, y, z, zoom];
    scene.volScaleMultiplier = scale;
    scene.renderAzimuth = azimuth;
    scene.renderElevation = elevation;
  }

  // NiiVue keeps zoom and pan of all slices as one: mm, and a factor.

  get zoom(): number {
    return this.#nv.scene.pan2Dxyzmm[3];
  }

  /** What is at a place (mm) stays where it is on the screen. */
  zoomAt(steps: number, [x = 0, y = 0, z = 0]: readonly number[]): void {
    const { scene } = this.#nv;
    const [panX = 0, panY = 0, panZ = 0, before = 1] = scene.pan2Dxyzmm;
    const after = within(before * ZOOM_STEP ** steps, LEAST_ZOOM, MOST_ZOOM);
    const by = before - after;
    scene.pan2Dxyzmm = [panX + x * by, panY + y * by, panZ + z * by, after];
  }

  /** Move the slices by mm of the patient. */
  pan([byX = 0, byY = 0, byZ = 0]: readonly number[]): void {
    const { scene } = this.#nv;
    const [x = 0, y = 0, z = 0, zoom = 1] = scene.pan2Dxyzmm;
    scene.pan2Dxyzmm = [x + byX * zoom, y + byY * zoom, z + byZ * zoom, zoom];
  }

  /** Turn 3-D by pixels of a drag. */
  rotate(across: number, down: number): void {
    const { scene } = this.#nv;
    scene.renderAzimuth = (scene.renderAzimuth + across * DEGREES_PER_PIXEL + 360) % 360;
    scene.renderElevation = within(scene.renderElevation + down * DEGREES_PER_PIXEL, -90, 90);
  }

  zoomRender(steps: number): void {
    const { scene } = this.#nv;
    const factor = scene.volScaleMultiplier * ZOOM_STEP ** steps;
    scene.volScaleMultiplier = within(factor, LEAST_RENDER_ZOOM, MOST_RENDER_ZOOM);
  }
}
