/**
 * What was done, step by step, to be undone to the byte; and all of it together, to be saved.
 *
 * Steps that no longer fit in memory can no longer be undone, but stay part of the whole.
 */
import { bytesOf, composed, NO_RUNS, reversed, type Runs } from "./runs";

/** One act of a person: changes of one label map. */
export interface Step {
  map: string;
  runs: Runs;
}

/** For steps that can be undone or done again: half a million runs, more than hours of work. */
const MOST_BYTES = 64_000_000;

export class History {
  readonly #most: number;
  #done: Step[] = [];
  #undone: Step[] = [];
  #whole: ReadonlyMap<string, Runs> = new Map();

  constructor(mostBytes = MOST_BYTES) {
    this.#most = mostBytes;
  }

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  /** All changes since the beginning by label map; a map that is as it was is not in it. */
  get whole(): ReadonlyMap<string, Runs> {
    return this.#whole;
  }

  /** Remember what has just been done. */
  add(step: Step): void {
    this.#undone = [];
    this.#done.push(step);
    this.#merge(step);
    let bytes = this.#done.reduce((sum, { runs }) => sum + bytesOf(runs), 0);
    while (bytes > this.#most && this.#done.length > 1)
      bytes -= bytesOf(this.#done.shift()?.runs ?? NO_RUNS);
  }

  /** The changes that undo the last step; null where there is none. */
  undo(): Step | null {
    const last = this.#done.pop();
    if (!last) return null;
    this.#undone.push(last);
    const back = { map: last.map, runs: reversed(last.runs) };
    this.#merge(back);
    return back;
  }

  /** The changes that do again what was undone last; null where there is nothing. */
  redo(): Step | null {
    const next = this.#undone.pop();
    if (!next) return null;
    this.#done.push(next);
    this.#merge(next);
    return next;
  }

  #merge({ map, runs }: Step): void {
    const whole = new Map(this.#whole);
    const both = composed(whole.get(map) ?? NO_RUNS, runs);
    if (both.starts.length > 0) whole.set(map, both);
    else whole.delete(map);
    this.#whole = whole;
  }
}
