/**
 * What is done to a structure's shape: filled in between slices, grown and shrunk to what the image
 * shows, smoothed.
 */
import type { Axis, Triple } from "../geometry";
import { type Block, flooded, forEachNeighbour, maskOf, reshaped, Undoable } from "./block";
import type { Over } from "./brush";
import { signedDistances, squaredDistances } from "./distance";
import { countOf, placeOf } from "./space";

/** Fewer voxels say nothing about a structure's attenuation: chosen, not measured. */
const LEAST_VOXELS = 20;
/** From the median's absolute deviation to the standard deviation of what is spread normally. */
const MAD_TO_SD = 1.4826;
/** A structure of one value still has noise: HU, or steps of a signal. */
const LEAST_SPREAD = 1;

interface Slices {
  axis: Axis;
  /** Of the block: those whose outline is right. */
  right: readonly number[];
}

/**
 * A structure's shape between slices whose outlines are right, by their signed distances (Raya and
 * Udupa, "Shape-based interpolation of multidimensional objects", IEEE TMI 9, 1990).
 *
 * The slices themselves stay. Between them the structure is what the interpolation says: what was
 * there before and is not within goes.
 */
export function filledBetween(block: Block, label: number, { axis, right }: Slices, over: Over) {
  const slices = [...new Set(right)].sort((one, other) => one - other);
  if (slices.length < 2) throw new Undoable("oneSlice");
  const distances = new Map(slices.map((at) => [at, distancesOn(block, label, axis, at)]));
  const [first = 0] = slices;
  const last = slices.at(-1) ?? 0;
  return reshaped(block, label, over, (at) => {
    const place = placeOf(at, block.shape);
    const slice = place[axis];
    if (slice < first || slice > last || distances.has(slice)) return block.labels[at] === label;
    const above = slices.findIndex((one) => one > slice);
    const [low = 0, high = 0] = [slices[above - 1], slices[above]];
    const inPlane = indexInPlane(place, axis, block.shape);
    const share = (slice - low) / (high - low);
    const below = distances.get(low)?.[inPlane] ?? -Infinity;
    return below * (1 - share) + (distances.get(high)?.[inPlane] ?? -Infinity) * share > 0;
  });
}

function indexInPlane(place: Triple, axis: Axis, shape: Triple): number {
  const [u, v] = axesBeside(axis);
  return place[u] + shape[u] * place[v];
}

function axesBeside(axis: Axis): [Axis, Axis] {
  if (axis === 0) return [1, 2];
  return axis === 1 ? [0, 2] : [0, 1];
}

function distancesOn({ labels, shape, spacing }: Block, label: number, axis: Axis, slice: number) {
  const [u, v] = axesBeside(axis);
  const mask = new Uint8Array(shape[u] * shape[v]);
  labels.forEach((one, at) => {
    const place = placeOf(at, shape);
    if (place[axis] === slice && one === label) mask[indexInPlane(place, axis, shape)] = 1;
  });
  return signedDistances(mask, [shape[u], shape[v], 1], [spacing[u], spacing[v], 1]);
}

export interface Bounds {
  /** How far the border may move. */
  mm: number;
  /** How many standard deviations from its own median a structure's values reach. */
  deviations: number;
}

/** The values that are a structure's own in this very patient: median ± deviations. */
export function valuesOf({ labels, values }: Block, label: number, deviations: number) {
  const own = values?.filter((_, at) => labels[at] === label) ?? new Float32Array();
  if (own.length < LEAST_VOXELS) throw new Undoable("fewVoxels");
  const median = medianOf(own);
  const spread = medianOf(own.map((value) => Math.abs(value - median))) * MAD_TO_SD;
  const reach = deviations * Math.max(spread, LEAST_SPREAD);
  return { lowest: median - reach, highest: median + reach };
}

function medianOf(values: Float32Array): number {
  const sorted = values.toSorted();
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? 0, sorted[Math.floor(middle)] ?? 0];
  return (low + high) / 2;
}

/** A structure and what is connected to it, near, like it in value, and free to be taken. */
export function grown(block: Block, label: number, { mm, deviations }: Bounds, over: Over) {
  const { labels, shape, spacing, values } = block;
  const { lowest, highest } = valuesOf(block, label, deviations);
  const distances = squaredDistances(maskOf(labels, label), shape, spacing);
  const isLike = (at: number) => {
    const value = values?.[at] ?? NaN;
    return value >= lowest && value <= highest;
  };
  const mayBe = reshaped(block, label, over, () => true);
  const reached = flooded(voxelsOf(labels, label), shape, (at) => {
    if (labels[at] === label) return true;
    return mayBe[at] === label && (distances[at] ?? Infinity) <= mm * mm && isLike(at);
  });
  return reshaped(block, label, over, (at) => reached[at] === 1);
}

/** A structure without what is unlike it in value, peeled from its border. */
export function shrunk(block: Block, label: number, { mm, deviations }: Bounds) {
  const { labels, shape, spacing, values } = block;
  const { lowest, highest } = valuesOf(block, label, deviations);
  const outside = labels.map((one) => Number(one !== label));
  const depth = squaredDistances(outside, shape, spacing);
  const isUnlike = (at: number) => {
    const value = values?.[at] ?? NaN;
    return !(value >= lowest && value <= highest);
  };
  const onBorder: number[] = [];
  for (const at of voxelsOf(labels, label))
    forEachNeighbour(at, shape, (beside) => {
      if (outside[beside]) onBorder.push(at);
    });
  const peeled = flooded(
    onBorder,
    shape,
    (at) => labels[at] === label && (depth[at] ?? Infinity) <= mm * mm && isUnlike(at),
  );
  return labels.map((before, at) => (peeled[at] ? 0 : before));
}

function voxelsOf(labels: Uint8Array, label: number): number[] {
  const found: number[] = [];
  labels.forEach((one, at) => {
    if (one === label) found.push(at);
  });
  return found;
}

/**
 * A structure with a smooth border: a voxel belongs to it where most of what is around does.
 *
 * What is around is weighed by a Gaussian whose sigma is half the size.
 */
export function smoothed(block: Block, label: number, mm: number, over: Over) {
  const { labels, shape, spacing } = block;
  let share: Float32Array<ArrayBuffer> = Float32Array.from(labels, (one) => Number(one === label));
  for (const axis of [0, 1, 2] as const)
    share = blurred(share, shape, axis, gaussian(mm / 2 / spacing[axis]));
  return reshaped(block, label, over, (at) => (share[at] ?? 0) > 0.5);
}

function gaussian(sigma: number): Float32Array {
  // 1 % of the weights lies beyond 2.5 sigma.
  const reach = Math.ceil(2.5 * sigma);
  const weights = Float32Array.from({ length: 2 * reach + 1 }, (_, at) =>
    sigma > 0 ? Math.exp(-0.5 * ((at - reach) / sigma) ** 2) : 1,
  );
  const sum = weights.reduce((total, one) => total + one, 0);
  return weights.map((one) => one / sum);
}

/** Weighed along an axis; what is beyond the block is as at its edge. */
function blurred(values: Float32Array, shape: Triple, axis: Axis, weights: Float32Array) {
  const reach = (weights.length - 1) / 2;
  const step = [1, shape[0], shape[0] * shape[1]][axis] ?? 1;
  const last = shape[axis] - 1;
  const result = new Float32Array(countOf(shape));
  for (let at = 0; at < result.length; at++) {
    const place = Math.floor(at / step) % shape[axis];
    let sum = 0;
    for (let tap = -reach; tap <= reach; tap++) {
      const from = Math.min(Math.max(place + tap, 0), last);
      sum += (values[at + (from - place) * step] ?? 0) * (weights[tap + reach] ?? 0);
    }
    result[at] = sum;
  }
  return result;
}
