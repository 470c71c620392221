/**
 * Where two versions of label maps differ: which voxels, of which structures, on which slices.
 *
 * A voxel of a structure is taken away, added, or belongs to another structure now.
 */
import { boxOf, forEachRow, type Runs } from "../editing/runs";
import { type Box, countOf, joined, sizeOf, triple } from "../editing/space";
import { type Axis, fractionToVoxel, type Grid, type Triple } from "../geometry";
import type { Image } from "../nifti";
import { keyOf, type StructureKey } from "../state";

/** What became of a voxel, by the number that the shader gives its colour to. */
export const CHANGES = { removed: 1, added: 2, other: 3 } as const;
export type Change = keyof typeof CHANGES;

/** Changed voxels of each slice along each axis. */
type Slices = readonly [Uint32Array, Uint32Array, Uint32Array];

/** What a structure lost and won, voxels. */
export interface StructureChange {
  key: StructureKey;
  /** No structure is there now. */
  removed: number;
  /** No structure was there. */
  added: number;
  /** Another structure's now. */
  given: number;
  /** Another structure's before. */
  taken: number;
  slices: Slices;
}

export interface Comparison {
  /** By label map, from before to after. */
  maps: ReadonlyMap<string, Runs>;
  /** Around everything that differs. */
  box: Box;
  /** Those that changed most first. */
  structures: readonly StructureChange[];
  slices: Slices;
}

/** What differs by these changes of label maps; null where nothing does. */
export function comparisonOf(maps: ReadonlyMap<string, Runs>, shape: Triple): Comparison | null {
  let box: Box | null = null;
  const slices = noSlices(shape);
  const structures = new Map<StructureKey, StructureChange>();
  const of = (name: string, label: number): StructureChange => {
    const key = keyOf(name, label);
    const known = structures.get(key);
    const made = known ?? {
      key,
      removed: 0,
      added: 0,
      given: 0,
      taken: 0,
      slices: noSlices(shape),
    };
    structures.set(key, made);
    return made;
  };
  for (const [name, runs] of maps) {
    box = joined(box, boxOf(runs, shape));
    forEachRow(runs, shape, (from, length, run) => {
      const [before, after] = [runs.before[run] ?? 0, runs.after[run] ?? 0];
      count(slices, from, length);
      if (before) {
        const lost = of(name, before);
        lost[after ? "given" : "removed"] += length;
        count(lost.slices, from, length);
      }
      if (after) {
        const won = of(name, after);
        won[before ? "taken" : "added"] += length;
        count(won.slices, from, length);
      }
    });
  }
  if (!box) return null;
  const sum = ({ removed, added, given, taken }: StructureChange) =>
    removed + added + given + taken;
  const largest = [...structures.values()].sort((one, other) => sum(other) - sum(one));
  return { maps, box, structures: largest, slices };
}

function noSlices(shape: Triple): Slices {
  return [new Uint32Array(shape[0]), new Uint32Array(shape[1]), new Uint32Array(shape[2])];
}

function count([across, along, up]: Slices, [i, j, k]: Triple, length: number): void {
  for (let n = 0; n < length; n++) across[i + n] = (across[i + n] ?? 0) + 1;
  along[j] = (along[j] ?? 0) + length;
  up[k] = (up[k] ?? 0) + length;
}

/** The differing voxels as an image of their box only: each tells what became of it. */
export function pictureOf({ maps, box }: Comparison, grid: Grid): Image {
  const shape = sizeOf(box);
  const voxels = new Uint8Array(countOf(shape));
  for (const runs of maps.values())
    forEachRow(runs, grid.shape, ([i, j, k], length, run) => {
      const change = !runs.after[run] ? "removed" : runs.before[run] ? "other" : "added";
      const [x, y, z] = [i - box.from[0], j - box.from[1], k - box.from[2]];
      const at = x + shape[0] * (y + shape[1] * z);
      voxels.fill(CHANGES[change], at, at + length);
    });
  const affine = grid.affine.map((row) => {
    const [x = 0, y = 0, z = 0, origin = 0] = row;
    return [x, y, z, origin + x * box.from[0] + y * box.from[1] + z * box.from[2]];
  });
  return {
    voxels,
    shape,
    slope: 1,
    intercept: 0,
    fractionToVoxel: fractionToVoxel(grid, affine),
  };
}

/** The slice on which most voxels differ; of several the lowest. */
export function largestSlice(voxels: Uint32Array): number {
  return voxels.reduce((best, count, at) => (count > (voxels[best] ?? 0) ? at : best), 0);
}

/** The nearest slice beyond this one on which something differs; null: there is none. */
export function nextSlice(voxels: Uint32Array, from: number, step: 1 | -1): number | null {
  for (let at = from + step; at >= 0 && at < voxels.length; at += step) if (voxels[at]) return at;
  return null;
}

/** Of the differing voxels on a slice the one nearest to their middle; of one structure, or of all. */
export function placeOn(
  { maps }: Comparison,
  shape: Triple,
  { axis, slice, only }: { axis: Axis; slice: number; only?: StructureKey },
): Triple | null {
  const found: Triple[] = [];
  for (const [name, runs] of maps)
    forEachRow(runs, shape, (from, length, run) => {
      const labels = [runs.before[run] ?? 0, runs.after[run] ?? 0];
      if (only !== undefined && !labels.some((label) => keyOf(name, label) === only)) return;
      if (axis === 0 ? slice < from[0] || slice >= from[0] + length : from[axis] !== slice) return;
      const [first, end] = axis === 0 ? [slice, slice + 1] : [from[0], from[0] + length];
      for (let i = first; i < end; i++) found.push([i, from[1], from[2]]);
    });
  const middle = triple((one) => found.reduce((sum, at) => sum + at[one], 0) / found.length);
  const away = (at: Triple) => Math.hypot(...at.map((n, one) => n - (middle[one] ?? 0)));
  return found.reduce<Triple | null>(
    (best, at) => (best === null || away(at) < away(best) ? at : best),
    null,
  );
}
