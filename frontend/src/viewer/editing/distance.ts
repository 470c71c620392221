/**
 * Exact Euclidean distances on voxels that need not be cubes.
 *
 * Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions" (Theory of Computing 8,
 * 2012): the lower envelope of parabolas, one axis after another, in time proportional to the voxels.
 */
import type { Triple } from "../geometry";
import { AXES } from "./space";

/** Squared distance (mm²) of every voxel to the nearest one of a mask; infinite where it is empty. */
export function squaredDistances(mask: Uint8Array, shape: Triple, spacing: Triple): Float64Array {
  const result = Float64Array.from(mask, (one) => (one ? 0 : Infinity));
  const strides: Triple = [1, shape[0], shape[0] * shape[1]];
  for (const axis of AXES) {
    const line = new Envelope(shape[axis], spacing[axis]);
    const step = strides[axis];
    for (let start = 0; start < result.length; start++)
      if (Math.floor(start / step) % shape[axis] === 0) line.renew(result, start, step);
  }
  return result;
}

/** The lower envelope of a line's parabolas. */
class Envelope {
  readonly #size: number;
  readonly #spacing: number;
  readonly #heights: Float64Array;
  readonly #vertices: Int32Array;
  readonly #borders: Float64Array;

  constructor(size: number, spacing: number) {
    this.#size = size;
    this.#spacing = spacing;
    this.#heights = new Float64Array(size);
    this.#vertices = new Int32Array(size);
    this.#borders = new Float64Array(size + 1);
  }

  renew(values: Float64Array, start: number, step: number): void {
    for (let at = 0; at < this.#size; at++)
      this.#heights[at] = values[start + at * step] ?? Infinity;
    const last = this.#build();
    if (last < 0) return;
    let parabola = 0;
    for (let at = 0; at < this.#size; at++) {
      while (parabola < last && (this.#borders[parabola + 1] ?? 0) < at) parabola++;
      const vertex = this.#vertices[parabola] ?? 0;
      const away = (at - vertex) * this.#spacing;
      values[start + at * step] = away * away + (this.#heights[vertex] ?? 0);
    }
  }

  /** Number of the last parabola; -1 where there is none. */
  #build(): number {
    let last = -1;
    for (let at = 0; at < this.#size; at++) {
      if (this.#heights[at] === Infinity) continue;
      let border = -Infinity;
      while (last >= 0) {
        border = this.#crossing(this.#vertices[last] ?? 0, at);
        if (border > (this.#borders[last] ?? 0)) break;
        last--;
      }
      last++;
      this.#vertices[last] = at;
      this.#borders[last] = last === 0 ? -Infinity : border;
    }
    return last;
  }

  /** Where the parabola of a later vertex comes below an earlier one's, in voxels. */
  #crossing(one: number, other: number): number {
    const squared = this.#spacing ** 2;
    const high = (this.#heights[other] ?? 0) + squared * other * other;
    const low = (this.#heights[one] ?? 0) + squared * one * one;
    return (high - low) / (2 * squared * (other - one));
  }
}

/** Distance to the mask's border (mm): above 0 inside, below outside; half-way between voxels. */
export function signedDistances(mask: Uint8Array, shape: Triple, spacing: Triple): Float64Array {
  const outside = squaredDistances(mask, shape, spacing);
  const inside = squaredDistances(
    mask.map((one) => (one ? 0 : 1)),
    shape,
    spacing,
  );
  return outside.map((away, at) => Math.sqrt(inside[at] ?? 0) - Math.sqrt(away));
}
