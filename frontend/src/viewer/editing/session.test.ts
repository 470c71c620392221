import { beforeEach, describe, expect, test } from "vitest";

import type { Triple } from "../geometry";
import type { LoadedMap } from "../hit";
import type { LabelMap } from "../manifest";
import { blankImage } from "../nifti";
import { BLEED, TOTAL } from "../sample";
import type { Block } from "./block";
import type { Pictures } from "./labelEditor";
import { type Operation, perform } from "./operations";
import { gridOf, imageIn, labelsIn } from "./sample";
import { EditSession, type SessionHost } from "./session";
import { type Settings, USUAL } from "./settings";
import { type Box, spaceOf } from "./space";

const SHAPE: Triple = [24, 20, 6];
const [LIVER, SPLEEN, VERTEBRA] = [5, 1, 27];

/** A liver at the right of the image, a spleen at its left, both boxes of 6 × 6 × 4 voxels. */
function labelAt(i: number, j: number, k: number): number {
  if (j < 6 || j >= 12 || k < 1 || k >= 5) return 0;
  if (i >= 12 && i < 18) return LIVER;
  return i >= 2 && i < 8 ? SPLEEN : 0;
}

function withBoxes(map: LabelMap): LabelMap {
  const boxes: Record<number, [Triple, Triple]> = {
    [LIVER]: [
      [12, 6, 1],
      [17, 11, 4],
    ],
    [SPLEEN]: [
      [2, 6, 1],
      [7, 11, 4],
    ],
  };
  const structures = map.structures.flatMap((one) => {
    const box = boxes[one.label];
    return box ? [{ ...one, bbox_min_ijk: [...box[0]], bbox_max_ijk: [...box[1]] }] : [];
  });
  return { ...map, structures } as LabelMap;
}

class Bench {
  readonly map = withBoxes(TOTAL);
  readonly sample = labelsIn("LPS", SHAPE, labelAt, [1, 1, 1]);
  readonly beginning = this.sample.voxels.slice();
  readonly drawn: Box[] = [];
  readonly kept: ReadonlyMap<string, unknown>[] = [];
  settings: Settings = { ...USUAL, sizeMm: 4 };
  /** For one more label map. */
  hasRoom = true;
  readonly loaded: LoadedMap[] = [];
  session: EditSession;

  constructor(work?: (block: Block, operation: Operation) => Promise<Uint8Array<ArrayBuffer>>) {
    const grid = gridOf(SHAPE, [1, 1, 1]);
    const values = Int16Array.from({ length: 24 * 20 * 6 }, (_, at) => (at % 24 >= 10 ? 60 : -100));
    const image = imageIn("RAS", grid, values);
    const { loaded } = this;
    loaded.push({ map: this.map, image: this.sample.image });
    const blank = (name: string) => {
      if (name !== BLEED.name || !this.hasRoom) return null;
      const made = { map: BLEED, image: blankImage(grid) };
      loaded.push(made);
      return made;
    };
    const pictures: Pictures = {
      image,
      loaded,
      blank,
      spaceOf: (one) => spaceOf(one, grid),
      labelsChanged: (_, box) => this.drawn.push(box),
    };
    const host: SessionHost = {
      pictures,
      settings: () => this.settings,
      set: (part) => this.set(part),
      workshop: {
        perform:
          work ?? ((block, operation) => Promise.resolve().then(() => perform(block, operation))),
        end: () => undefined,
      },
      changed: (whole) => this.kept.push(whole),
    };
    this.session = new EditSession(host);
  }

  set(part: Partial<Settings>): void {
    this.settings = { ...this.settings, ...part };
  }

  count(label: number): number {
    return this.sample.voxels.filter((one) => one === label).length;
  }

  click(place: Triple, axis: 0 | 1 | 2 = 2): boolean {
    const isTaken = this.session.press(place, axis);
    this.session.lift(place, false);
    return isTaken;
  }
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
  bench.session.choose({ map: "total", label: LIVER });
});
const idle = async () => {
  for (let n = 0; n < 5; n++) await Promise.resolve();
};

describe("a stroke", () => {
  test("paints, is undone to the byte, and done again", () => {
    bench.session.press([18, 8, 2], 2);
    bench.session.drag([20, 8, 2]);
    bench.session.lift([20, 8, 2], true);
    const painted = bench.sample.voxels.slice();
    expect(bench.count(LIVER)).toBeGreaterThan(144);
    expect(bench.session.view()).toMatchObject({ canUndo: true, canRedo: false });
    bench.session.undo();
    expect(bench.sample.voxels).toEqual(bench.beginning);
    expect(bench.session.view()).toMatchObject({ canUndo: false, canRedo: true });
    expect(bench.session.whole.size).toBe(0);
    bench.session.redo();
    expect(bench.sample.voxels).toEqual(painted);
  });

  test("is told in voxels won and lost, and kept", () => {
    bench.set({ tool: "eraser" });
    bench.click([15, 9, 2]);
    const tally = bench.session.view().tallies.get("total/5");
    expect(tally).toEqual({ added: 0, removed: 144 - bench.count(LIVER) });
    expect(bench.kept.at(-1)?.has("total")).toBe(true);
  });

  test("tells the graphics the box it changed, and no more", () => {
    bench.click([20, 8, 2]);
    expect(bench.drawn[0]).toEqual({ from: [18, 6, 2], to: [23, 11, 3] });
  });

  test("the eraser takes the chosen structure only", () => {
    bench.set({ tool: "eraser", sizeMm: 60, isBall: true });
    bench.click([10, 9, 2]);
    expect([bench.count(LIVER), bench.count(SPLEEN)]).toEqual([0, 144]);
  });

  test("stays within the values that are wanted", () => {
    bench.set({ sizeMm: 60, range: [0, 100], over: "unlabelled" });
    bench.click([11, 9, 2]);
    const { voxels, space } = bench.sample;
    const [x, y, z] = space.offsets;
    const at = (i: number) => voxels[(x[i] ?? 0) + (y[3] ?? 0) + (z[2] ?? 0)];
    expect([at(9), at(10)]).toEqual([0, LIVER]);
  });
});

describe("a map in which nothing was found", () => {
  const voxels = () => bench.loaded.find(({ map }) => map === BLEED)?.image.voxels;

  test("is made by the first stroke, and not by the choice", () => {
    bench.session.choose({ map: "bleed", label: 1 });
    expect(bench.loaded).toHaveLength(1);
    bench.click([10, 8, 2]);
    expect(voxels()?.filter((one) => one === 1)).toHaveLength(13);
    expect(bench.session.view().tallies.get("bleed/1")).toEqual({ added: 13, removed: 0 });
    expect(bench.session.whole.get("bleed")?.before).toEqual(new Uint8Array(5));
    bench.session.undo();
    expect(voxels()?.some(Boolean)).toBe(false);
    expect(bench.session.whole.size).toBe(0);
  });

  test("takes a draft", () => {
    bench.session.choose({ map: "bleed", label: 1 });
    bench.click([10, 8, 2]);
    const { whole } = bench.session;
    bench = new Bench();
    expect(bench.session.resume(whole)).toEqual({ left: 0 });
    expect(voxels()?.filter(Boolean)).toHaveLength(13);
  });

  test("for which there is no room is said", () => {
    bench.hasRoom = false;
    bench.session.choose({ map: "bleed", label: 1 });
    expect(bench.click([10, 8, 2])).toBe(false);
    expect(bench.session.view().problem).toBe("notLoaded");
  });
});

test("without a structure nothing is painted, and it is said", () => {
  const other = new Bench();
  expect(other.click([15, 9, 2])).toBe(false);
  expect(other.session.view().problem).toBe("noTarget");
  expect(other.sample.voxels).toEqual(other.beginning);
});

test("a structure is chosen at a click", () => {
  bench.set({ tool: "pick" });
  bench.click([4, 8, 2]);
  expect(bench.session.view().target).toEqual({ map: "total", label: SPLEEN });
  bench.click([10, 0, 0]);
  expect(bench.session.view().problem).toBe("nothingThere");
});

describe("pieces", () => {
  test("a piece becomes another structure", async () => {
    bench.set({ tool: "piece", into: SPLEEN });
    bench.click([15, 9, 2]);
    await idle();
    expect([bench.count(LIVER), bench.count(SPLEEN)]).toEqual([0, 288]);
  });

  test("what a piece becomes in one label map is no structure of another", async () => {
    bench.set({ into: VERTEBRA });
    bench.session.choose({ map: "bleed", label: 1 });
    bench.click([10, 8, 2]);
    const painted = bench.loaded[1]?.image.voxels;
    expect(painted?.some(Boolean)).toBe(true);
    bench.set({ tool: "piece" });
    bench.click([10, 8, 2]);
    await idle();
    expect(painted?.some(Boolean)).toBe(false);
  });

  test("it stays named for other structures of the map, but never becomes itself", () => {
    bench.set({ into: SPLEEN, over: SPLEEN });
    bench.session.choose({ map: "total", label: VERTEBRA });
    expect(bench.settings).toMatchObject({ into: SPLEEN, over: SPLEEN });
    bench.session.choose({ map: "total", label: SPLEEN });
    expect(bench.settings).toMatchObject({ into: 0, over: "all" });
    bench.set({ over: "unlabelled" });
    bench.session.choose({ map: "bleed", label: 1 });
    expect(bench.settings.over).toBe("unlabelled");
  });

  test("where the structure is not, it is said", async () => {
    bench.set({ tool: "piece" });
    bench.click([4, 9, 2]);
    await idle();
    expect(bench.session.view().problem).toBe("nothingThere");
    expect(bench.sample.voxels).toEqual(bench.beginning);
  });

  test("a line of clicks cuts, the third says the side", async () => {
    bench.set({ tool: "cut" });
    bench.click([14.5, 2, 2]);
    bench.click([14.5, 18, 2]);
    expect(bench.session.view().points.places).toHaveLength(2);
    bench.click([20, 9, 2]);
    await idle();
    expect(bench.count(LIVER)).toBe(3 * 6 * 4);
    expect(bench.session.view().points.places).toHaveLength(0);
  });

  test("a drag is a line, too", async () => {
    bench.set({ tool: "cut" });
    bench.session.press([14.5, 2, 2], 2);
    bench.session.drag([14.5, 10, 2]);
    bench.session.lift([14.5, 18, 2], true);
    bench.click([12, 9, 2]);
    await idle();
    expect(bench.count(LIVER)).toBe(3 * 6 * 4);
  });

  test("another slice begins a line anew", () => {
    bench.set({ tool: "cut" });
    bench.click([14.5, 2, 2]);
    bench.click([14.5, 18, 3]);
    expect(bench.session.view().points.places).toHaveLength(1);
  });

  test("what lies outside a box goes, on every slice", async () => {
    bench.set({ tool: "box" });
    bench.click([13, 4, 2]);
    bench.click([15, 30, 2]);
    await idle();
    expect([bench.count(LIVER), bench.count(SPLEEN)]).toEqual([3 * 6 * 4, 144]);
  });
});

test("slices painted by hand are filled between", async () => {
  bench.set({ tool: "brush", sizeMm: 4 });
  // Two marks beside the liver, on its lowest and its highest slice.
  bench.click([18, 9, 1]);
  bench.click([18, 9, 4]);
  expect(bench.session.view().painted).toEqual({ axis: 2, slices: [1, 4] });
  const before = bench.count(LIVER);
  await bench.session.fill();
  expect(bench.count(LIVER)).toBeGreaterThan(before + 10);
  expect(bench.session.view().painted).toBeNull();
});

test("it grows to what the image shows, beyond its own box", async () => {
  bench.set({ growMm: 2 });
  await bench.session.grow();
  // Two voxels all around, but for the edges: as far as 10 along the first axis.
  expect(bench.count(LIVER)).toBeGreaterThan(144 * 2);
  expect(bench.count(SPLEEN)).toBe(144);
});

test("without a counterpart left and right are not swapped", async () => {
  await bench.session.mirror();
  expect(bench.session.view().problem).toBe("noPair");
});

test("while one thing is worked on, nothing else begins", async () => {
  let finish: () => void = () => undefined;
  const slow = new Bench(async (block, operation) => {
    await new Promise<void>((resolve) => (finish = resolve));
    return perform(block, operation);
  });
  slow.session.choose({ map: "total", label: LIVER });
  const work = slow.session.smooth();
  expect(slow.session.view().working).toBe("smooth");
  expect(slow.click([15, 9, 2])).toBe(false);
  slow.session.undo();
  expect(slow.sample.voxels).toEqual(slow.beginning);
  finish();
  await work;
  expect(slow.session.view().working).toBeNull();
});

test("what was begun comes into the edits before they can be saved", async () => {
  let finish: () => void = () => undefined;
  const slow = new Bench(async (block, operation) => {
    await new Promise<void>((resolve) => (finish = resolve));
    return perform(block, operation);
  });
  const { session } = slow;
  session.choose({ map: "total", label: LIVER });
  expect(session.canSave).toBe(false);
  session.press([20, 8, 2], 2);
  session.drag([18, 8, 2]);
  expect(session.canSave).toBe(false);
  session.lift([18, 8, 2], true);
  expect(session.canSave).toBe(true);
  const painted = session.whole;
  const work = session.grow();
  expect([session.isBusy, session.canSave]).toEqual([true, false]);
  finish();
  await work;
  expect(session.canSave).toBe(true);
  expect(session.whole).not.toEqual(painted);
});

describe("drafts", () => {
  test("go on where they were left", () => {
    bench.click([20, 8, 2]);
    const left = bench.sample.voxels.slice();
    const again = new Bench();
    expect(again.session.resume(bench.session.whole)).toEqual({ left: 0 });
    expect(again.sample.voxels).toEqual(left);
    again.session.undo();
    expect(again.sample.voxels).toEqual(again.beginning);
  });

  test("leave alone what others have changed since", () => {
    bench.click([20, 8, 2]);
    const painted = bench.count(LIVER) - 144;
    const again = new Bench();
    again.session.choose({ map: "total", label: SPLEEN });
    again.click([22, 8, 2]);
    const { left } = again.session.resume(bench.session.whole);
    expect(left).toBeGreaterThan(0);
    expect(again.count(LIVER)).toBe(144 + painted - left);
  });

  test("thrown away, everything is as it was, even beyond what can be undone", () => {
    bench.click([20, 8, 2]);
    bench.set({ tool: "eraser" });
    bench.click([15, 9, 2]);
    bench.session.discard();
    expect(bench.sample.voxels).toEqual(bench.beginning);
    expect(bench.session.whole.size).toBe(0);
  });
});
