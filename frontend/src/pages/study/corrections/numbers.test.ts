import { expect, test } from "vitest";

import type { Measurement } from "../queries";
import {
  correctedNumbers,
  tellingFirst,
  comparedBy,
  comparedWithNetworks,
  differenceOf,
  waiting,
} from "./numbers";
import type { Correction, CorrectionDetail, NumberChange } from "./queries";

function change(name: string, before: number | null, after: number | null): NumberChange {
  return {
    name,
    unit: "cm2",
    before,
    after,
    status_before: "measured",
    status_after: "measured",
    reason_before_coded: null,
    reason_after_coded: null,
  };
}

function correction(number: number, by: string, ...measurements: NumberChange[]): CorrectionDetail {
  const at = `2026-03-0${number}T14:02:00Z`;
  return { number, by, at, measurements } as unknown as CorrectionDetail;
}

test("a number was what the networks had, however often it was corrected since", () => {
  const found = correctedNumbers([
    correction(3, "user:bo", change("SMA_cm2", 150, 148)),
    correction(1, "user:ana", change("SMA_cm2", 154, 150), change("SMI_cm2_m2", 50, 49)),
  ]);
  expect(found.get("SMA_cm2")).toMatchObject({ was: { before: 154 }, by: "user:bo" });
  expect(found.get("SMI_cm2_m2")).toMatchObject({ was: { before: 50 }, by: "user:ana" });
  expect(found.get("liver_vol_cm3")).toBeUndefined();
});

test("a value that was missing stays missing, and is no zero", () => {
  const found = correctedNumbers([correction(1, "user:ana", change("SMA_cm2", null, 150))]);
  expect(found.get("SMA_cm2")?.was.before).toBeNull();
});

test("proposals and what is offered again wait for a person, nothing else does", () => {
  const states = ["applied", "proposed", "failed", "offered", "declined", "pending"] as const;
  const all = states.map((state) => ({ state }) as Correction);
  expect(waiting(all).map(({ state }) => state)).toEqual(["proposed", "offered"]);
});

test("numbers with a limit come first, the inventory last, and two values before one", () => {
  const of = (name: string, analysis: string, hasLimit = false) =>
    ({ name, analysis, reference: hasLimit ? {} : null }) as Measurement;
  const measurements = [
    of("SMA_cm2", "sarcopenia_l3", true),
    of("slice_L3", "sarcopenia_l3"),
    of("lost", "sarcopenia_l3"),
    of("liver_hu_mean", "structures"),
  ];
  const order = tellingFirst(
    [
      change("gone_hu_mean", 1, null),
      change("liver_hu_mean", 1, 2),
      change("lost", 1, null),
      change("slice_L3", 1, 2),
      change("SMA_cm2", 1, 2),
    ],
    measurements,
  );
  expect(order.map(({ name }) => name)).toEqual([
    "SMA_cm2",
    "slice_L3",
    "lost",
    "liver_hu_mean",
    "gone_hu_mean",
  ]);
});

test("of a correction in force the label maps after it are loaded, of what waits those of now", () => {
  const structures = [{}] as Correction["structures"];
  const made = (said: object) =>
    comparedBy(
      { kind: "voxels", state: "applied", version: 2, structures, ...said } as Correction,
      4,
    );
  expect(made({ number: 2 })).toEqual({ number: 2, version: 2, isApplied: true });
  expect(made({ number: 4, version: 4 })).toEqual({
    number: 4,
    version: undefined,
    isApplied: true,
  });
  const waits = { number: 3, version: null, structures: [] };
  expect(made({ ...waits, state: "proposed" })?.isApplied).toBe(false);
  expect(made({ ...waits, state: "declined" })).toBeNull();
  expect(made({ ...waits, state: "offered", kind: "levels" })).toBeNull();
});

test("what the networks made is compared with now where a correction in force changed a mask", () => {
  const made = (said: object) => [{ state: "applied", structures: [{}], ...said }] as Correction[];
  expect(comparedWithNetworks(made({}))?.number).toBe(0);
  expect(comparedWithNetworks(made({ state: "superseded" }))).toBeNull();
  expect(comparedWithNetworks(made({ structures: [] }))).toBeNull();
});

test("a correction that changed no voxel has no sides", () => {
  const said = { number: 1, kind: "rejections", state: "applied", version: 1, structures: [] };
  expect(comparedBy(said as unknown as Correction, 1)).toBeNull();
});

test("a number's way is told as exactly as the number; what is missing is no zero", () => {
  expect(differenceOf({ before: 101.3, after: 101.1 })).toBe(-0.2);
  expect(differenceOf({ before: null, after: 3 })).toBeNull();
  expect(differenceOf({ before: "portal", after: "native" })).toBeNull();
});
