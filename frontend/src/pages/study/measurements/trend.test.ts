import { expect, test } from "vitest";

import type { History } from "../queries";
import { type Examined, sparkline, trendOf } from "./trend";

function examined(study_id: number, date: string | null, value: number, more = {}): Examined {
  return {
    study_id,
    current: study_id === 2,
    study_date: date,
    study_time: null,
    description: "",
    modality: "CT",
    same_name: true,
    not_compared: null,
    contrast_phase: "native",
    notices: [],
    notices_coded: [],
    values: { x: value },
    ...more,
  };
}

const of = (...studies: Examined[]): History => ({
  doubt: null,
  studies,
  units: {},
  left_out: 0,
  further: 0,
  nodules: null,
});

test("a difference to the study before, and its share", () => {
  const trend = trendOf(
    of(
      examined(1, "2025-01-01", 100),
      examined(2, "2026-01-01", 110),
      examined(3, "2026-02-01", 90),
    ),
    "x",
    "cm3",
  );
  expect(trend?.previous?.study.study_id).toBe(1);
  expect(trend?.difference).toBe(10);
  expect(trend?.share).toBeCloseTo(0.1);
  expect(trend?.points).toHaveLength(3);
});

test("Hounsfield units have no share, and depend on the phase", () => {
  const trend = trendOf(
    of(examined(1, "2025-01-01", 40), examined(2, "2026-01-01", 60, { contrast_phase: "venous" })),
    "x",
    "HU",
  );
  expect(trend?.share).toBeNull();
  expect(trend?.difference).toBe(20);
  expect(trend?.otherPhase).toBe(true);
});

test("of what is a share already there is no share, only a difference", () => {
  const trend = trendOf(of(examined(1, "2025-01-01", 20), examined(2, "2026-01-01", 25)), "x", "%");
  expect(trend).toMatchObject({ difference: 5, share: null });
});

test("what cannot be compared is listed, but nothing is measured by it", () => {
  const mr = { modality: "MR", not_compared: "other_modality" } as const;
  const bundled = { not_compared: "bundled_weights" } as const;
  const others = [examined(3, "2025-06-01", 300, mr), examined(4, "2025-09-01", 50, bundled)];
  const now = examined(2, "2026-01-01", 110);
  const trend = trendOf(of(examined(1, "2025-01-01", 100), ...others, now), "x", "cm3");
  expect(trend?.previous?.study.study_id).toBe(1);
  expect(trend?.difference).toBe(10);
  expect(trend?.points.map(({ study }) => study.study_id)).toEqual([1, 3, 4, 2]);
  expect(trend?.alike.map(({ study }) => study.study_id)).toEqual([1, 2]);
  expect(trendOf(of(...others, now), "x", "cm3")).toMatchObject({
    previous: null,
    difference: null,
  });
});

test("a study without a date is not before another one", () => {
  const trend = trendOf(of(examined(1, null, 40), examined(2, "2026-01-01", 60)), "x", "cm3");
  expect(trend?.previous).toBeNull();
  expect(trend?.difference).toBeNull();
});

test("one number is no trend, and neither are numbers of others only", () => {
  expect(trendOf(of(examined(2, "2026-01-01", 60)), "x", "cm3")).toBeNull();
  expect(trendOf(of(examined(1, "2025-01-01", 60)), "x", "cm3")).toBeNull();
  expect(trendOf(undefined, "x", "cm3")).toBeNull();
});

test("slice numbers and scanned lengths of two scans have nothing in common", () => {
  const name = (values: Record<string, number>) => ({ values });
  for (const one of [
    "slice_L3",
    "hemorrhage_analysis_slices.center_50",
    "visceral_fat_scanned_vol_cm3",
  ])
    expect(
      trendOf(
        of(
          examined(1, "2025-01-01", 0, name({ [one]: 3 })),
          examined(2, "2026-01-01", 0, name({ [one]: 4 })),
        ),
        one,
        "",
      ),
    ).toBeNull();
});

test("points of a small chart lie inside it, a flat line in its middle", () => {
  expect(sparkline([1, 2], 40, 20, 2)).toEqual([
    [2, 18],
    [38, 2],
  ]);
  expect(sparkline([5, 5], 40, 20, 2).map(([, y]) => y)).toEqual([10, 10]);
});
