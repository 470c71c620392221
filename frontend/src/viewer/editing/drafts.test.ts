import { expect, test } from "vitest";

import {
  type Draft,
  DraftKeeper,
  type DraftStore,
  type Images,
  isOn,
  isSame,
  isTwin,
  offerOf,
  withCarried,
} from "./drafts";

const IMAGES: Images = {
  series: "1.2.3",
  shape: [4, 5, 6],
  affine: [
    [0.7, 0, 0, -100],
    [0, 0.7, 0, -90],
    [0, 0, 1, 20],
    [0, 0, 0, 1],
  ],
};

function draft(at: number, structures = ["liver"]): Draft {
  const bytes = Uint8Array.from([at]);
  const key = { user: "ana", study: 17, base: "a", window: "1" };
  return { ...key, at: new Date(at), bytes, structures, images: IMAGES };
}

/** A store that takes its time: each writing waits until it is let go. */
function slowStore() {
  const told: string[] = [];
  const waiting: (() => void)[] = [];
  const wait = () => new Promise<void>((resolve) => waiting.push(resolve));
  const store: DraftStore = {
    put: async ({ bytes }) => {
      told.push(`put ${bytes.join()}`);
      await wait();
    },
    remove: async () => {
      told.push("remove");
      await wait();
    },
  };
  const letGo = async () => {
    waiting.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { store, told, letGo };
}

test("while one is written, only the last of those that come is kept", async () => {
  const { store, told, letGo } = slowStore();
  const keeper = new DraftKeeper(store, () => undefined);
  for (const at of [1, 2, 3]) keeper.keep(draft(at));
  expect(told).toEqual(["put 1"]);
  await letGo();
  expect(told).toEqual(["put 1", "put 3"]);
  await letGo();
  await keeper.done();
  expect(told).toHaveLength(2);
});

test("a draft without changes is removed", async () => {
  const { store, told, letGo } = slowStore();
  const keeper = new DraftKeeper(store, () => undefined);
  keeper.keep(draft(1, []));
  await letGo();
  await keeper.done();
  expect(told).toEqual(["remove"]);
});

test("what cannot be kept is told, and the next is tried again", async () => {
  let isFull = true;
  const put: string[] = [];
  const failed: unknown[] = [];
  const store: DraftStore = {
    put: ({ bytes }) => {
      if (isFull) return Promise.reject(new Error("full"));
      put.push(bytes.join());
      return Promise.resolve();
    },
    remove: () => Promise.resolve(),
  };
  const keeper = new DraftKeeper(store, (error) => failed.push(error));
  keeper.keep(draft(1));
  expect(await keeper.done()).toBe(false);
  expect(failed).toHaveLength(1);
  isFull = false;
  keeper.keep(draft(2));
  expect(await keeper.done()).toBe(true);
  expect(put).toEqual(["2"]);
});

test("two windows of one person have a draft each", () => {
  expect(isSame(draft(1), draft(2))).toBe(true);
  expect(isSame(draft(1), { ...draft(1), window: "2" })).toBe(false);
  expect(isSame(draft(1), { ...draft(1), base: "b" })).toBe(false);
});

test("edits belong to the series and the voxels they were made on", () => {
  const [first = [], ...others] = IMAGES.affine;
  const moved = (mm: number) => ({ ...IMAGES, affine: [[...first.slice(0, 3), mm], ...others] });
  expect(isOn(IMAGES, moved(-100.0001))).toBe(true);
  expect(isOn(IMAGES, moved(-99.3))).toBe(false);
  expect(isOn(IMAGES, { ...IMAGES, shape: [5, 4, 6] })).toBe(false);
  expect(isOn(IMAGES, { ...IMAGES, series: "1.2.4" })).toBe(false);
  expect(isOn(IMAGES, { ...IMAGES, affine: [] })).toBe(false);
});

test("what can be gone on with is offered before what cannot", () => {
  const other = { ...draft(2), images: { ...IMAGES, series: "1.2.4" } };
  expect(offerOf([other, draft(1)], IMAGES)).toEqual(draft(1));
  expect(offerOf([other], IMAGES)).toBe(other);
  expect(offerOf([], IMAGES)).toBeUndefined();
});

test("edits carried to another version are offered before what is kept, and once", () => {
  const carried = draft(3);
  const other = { ...draft(4), window: "2" };
  expect(withCarried([other, draft(2)], carried)).toEqual([carried, other]);
  expect(offerOf(withCarried([], carried), IMAGES)).toBe(carried);
  expect(withCarried([other], null)).toEqual([other]);
});

test("edits that were left in the middle of being kept are the same under either window", () => {
  const other = { ...draft(1), window: "2", at: new Date(5) };
  expect(isTwin(draft(1), other)).toBe(true);
  expect(isTwin(draft(1), { ...other, base: "b" })).toBe(false);
  expect(isTwin(draft(1), { ...other, bytes: new Uint8Array([...other.bytes, 1]) })).toBe(false);
});
