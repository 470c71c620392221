/**
 * Changes of a label map as runs: consecutive voxels in RAS+ order, one label before and one after.
 *
 * Runs ascend and do not overlap; what they hold is enough to undo them to the byte.
 */
import { type Box, placeOf, sizeOf, type Space } from "./space";
import type { Triple } from "../geometry";

export interface Runs {
  starts: Uint32Array;
  lengths: Uint32Array;
  before: Uint8Array;
  after: Uint8Array;
}

export const NO_RUNS: Runs = {
  starts: new Uint32Array(),
  lengths: new Uint32Array(),
  before: new Uint8Array(),
  after: new Uint8Array(),
};

/** Takes changes in ascending order and joins neighbours of the same change. */
export class RunBuilder {
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  readonly #before: number[] = [];
  readonly #after: number[] = [];

  add(start: number, length: number, before: number, after: number): void {
    if (before === after || length === 0) return;
    const last = this.#starts.length - 1;
    const end = (this.#starts[last] ?? 0) + (this.#lengths[last] ?? 0);
    const continues =
      last >= 0 && end === start && this.#before[last] === before && this.#after[last] === after;
    if (continues) {
      this.#lengths[last] = (this.#lengths[last] ?? 0) + length;
      return;
    }
    this.#starts.push(start);
    this.#lengths.push(length);
    this.#before.push(before);
    this.#after.push(after);
  }

  done(): Runs {
    return {
      starts: Uint32Array.from(this.#starts),
      lengths: Uint32Array.from(this.#lengths),
      before: Uint8Array.from(this.#before),
      after: Uint8Array.from(this.#after),
    };
  }
}

/** How many voxels change. */
export function voxelsOf({ lengths }: Runs): number {
  let sum = 0;
  for (const length of lengths) sum += length;
  return sum;
}

/** The way back. */
export function reversed({ starts, lengths, before, after }: Runs): Runs {
  return { starts, lengths, before: after, after: before };
}

/** One change and then another, as one; what came back to its beginning is no change. */
export function composed(first: Runs, second: Runs): Runs {
  const result = new RunBuilder();
  const [one, other] = [new Cursor(first), new Cursor(second)];
  while (one.has || other.has) {
    const at = Math.min(one.start, other.start);
    const isFirst = one.start === at;
    const isSecond = other.start === at;
    // To where nothing begins or ends.
    const length = Math.min(
      isFirst ? one.left : one.start - at,
      isSecond ? other.left : other.start - at,
    );
    const before = isFirst ? one.before : other.before;
    const after = isSecond ? other.after : one.after;
    result.add(at, length, before, after);
    if (isFirst) one.skip(length);
    if (isSecond) other.skip(length);
  }
  return result.done();
}

/** A place within runs. */
class Cursor {
  readonly #runs: Runs;
  #at = 0;
  #done = 0;

  constructor(runs: Runs) {
    this.#runs = runs;
  }

  get has(): boolean {
    return this.#at < this.#runs.starts.length;
  }

  get start(): number {
    return (this.#runs.starts[this.#at] ?? Infinity) + this.#done;
  }

  get left(): number {
    return (this.#runs.lengths[this.#at] ?? Infinity) - this.#done;
  }

  get before(): number {
    return this.#runs.before[this.#at] ?? 0;
  }

  get after(): number {
    return this.#runs.after[this.#at] ?? 0;
  }

  skip(length: number): void {
    this.#done += length;
    if (this.left > 0) return;
    this.#at += 1;
    this.#done = 0;
  }
}

/** Do what runs say to voxels, whatever stands there. */
export function apply(runs: Runs, voxels: Uint8Array, space: Space): void {
  forEachVoxel(runs, space, (offset, _, run) => {
    voxels[offset] = runs.after[run] ?? 0;
  });
}

/** The part of runs that begins from what stands in the voxels now. */
export function matching(runs: Runs, voxels: Uint8Array, space: Space): Runs {
  const result = new RunBuilder();
  forEachVoxel(runs, space, (offset, index, run) => {
    const before = runs.before[run] ?? 0;
    if (voxels[offset] === before) result.add(index, 1, before, runs.after[run] ?? 0);
  });
  return result.done();
}

/** Runs row by row: where each piece begins, how long it is, of which run. */
export function forEachRow(
  { starts, lengths }: Pick<Runs, "starts" | "lengths">,
  shape: Triple,
  visit: (from: Triple, length: number, run: number) => void,
): void {
  for (let run = 0; run < starts.length; run++) {
    let at = starts[run] ?? 0;
    const end = at + (lengths[run] ?? 0);
    while (at < end) {
      const from = placeOf(at, shape);
      const length = Math.min(end - at, shape[0] - from[0]);
      visit(from, length, run);
      at += length;
    }
  }
}

/** As the server puts what waits onto the label maps of now (`corrections/changed_maps.py`). */
export function rebased(runs: Runs, voxels: Uint8Array, space: Space): Runs {
  const result = new RunBuilder();
  forEachVoxel(runs, space, (offset, index, run) => {
    const [before, after, now] = [runs.before[run] ?? 0, runs.after[run] ?? 0, voxels[offset] ?? 0];
    // What is another structure now was not what somebody erased.
    if (after !== 0 || now === before) result.add(index, 1, now, after);
  });
  return result.done();
}

function forEachVoxel(
  runs: Runs,
  { shape, offsets }: Space,
  visit: (offset: number, index: number, run: number) => void,
): void {
  const [x, y, z] = offsets;
  forEachRow(runs, shape, ([i, j, k], length, run) => {
    const row = (y[j] ?? 0) + (z[k] ?? 0);
    const index = i + shape[0] * (j + shape[1] * k);
    for (let n = 0; n < length; n++) visit((x[i + n] ?? 0) + row, index + n, run);
  });
}

/** What was changed within a box whose voxels were taken out before. */
export function changesIn(box: Box, before: Uint8Array, after: Uint8Array, shape: Triple): Runs {
  const result = new RunBuilder();
  const [wide, deep, high] = sizeOf(box);
  let at = 0;
  for (let k = 0; k < high; k++)
    for (let j = 0; j < deep; j++) {
      const row = box.from[0] + shape[0] * (box.from[1] + j + shape[1] * (box.from[2] + k));
      for (let i = 0; i < wide; i++, at++)
        if (before[at] !== after[at]) result.add(row + i, 1, before[at] ?? 0, after[at] ?? 0);
    }
  return result.done();
}

/** The smallest box around everything that changes; null where nothing does. */
export function boxOf(runs: Runs, shape: Triple): Box | null {
  if (runs.starts.length === 0) return null;
  const least: [number, number, number] = [Infinity, Infinity, Infinity];
  const most: [number, number, number] = [0, 0, 0];
  forEachRow(runs, shape, ([i, j, k], length) => {
    least[0] = Math.min(least[0], i);
    least[1] = Math.min(least[1], j);
    least[2] = Math.min(least[2], k);
    most[0] = Math.max(most[0], i + length);
    most[1] = Math.max(most[1], j + 1);
    most[2] = Math.max(most[2], k + 1);
  });
  return { from: least, to: most };
}

/** Bytes that runs take in memory. */
export function bytesOf({ starts }: Runs): number {
  return starts.length * 10;
}

/** Which labels lose or win voxels, and where. */
export function labelsOf({ before, after }: Runs): Set<number> {
  return new Set([...before, ...after].filter((label) => label !== 0));
}
