import { describe, expect, test } from "vitest";

import type { Schemas } from "@/api/client";

import { backgroundsOf, withRoom } from "./norms";

type Figure = Schemas["NormFigureOut"];
type Reference = Schemas["ReferenceOut"];

const limit = (given: Partial<Reference>, whom: Partial<Reference["applies_to"]> = {}) => ({
  low: null,
  high: null,
  unit: "cm2",
  source: "Somebody 2018",
  applies_to: {
    age_from: 18,
    sex: null,
    bmi_from: null,
    bmi_below: null,
    contrast_phase: null,
    kvp_from: null,
    kvp_to: null,
    ...whom,
  },
  ...given,
});

const figure = (given: Partial<Figure>): Figure => ({
  sex: null,
  age_from: 18,
  age_below: 150,
  bmi_from: null,
  bmi_below: null,
  unenhanced: false,
  group: `${given.sex ?? "all"} ${given.age_from ?? 18}–${given.age_below ?? 150}`,
  group_coded: { code: "norm_group", parameters: {} },
  percentile: null,
  value: null,
  mean: null,
  sd: null,
  per_year: 0,
  limit: null,
  ...given,
});

const published = (references: Reference[], figures: Figure[] = []) => ({
  name: "SMA_cm2",
  references,
  norms: figures.length > 0 ? [{ source: "Norm 2024", population: "", remark: "", figures }] : [],
});

const everybody = { sex: "", ageFrom: null, ageTo: null } as const;
const women = { ...everybody, sex: "F" } as const;
const sixty = { ...women, ageFrom: 56, ageTo: 64 };
const ends = (found: ReturnType<typeof backgroundsOf>) =>
  found.shown.flatMap(({ parts }) => parts.map((part) => part.ends));

describe("limits", () => {
  const of = published([
    limit({ low: 92.2 }, { sex: "F" }),
    limit({ low: 144.3 }, { sex: "M" }),
    limit({ low: 41 }, { bmi_below: 25 }),
  ]);

  test("of one sex wait until that sex is chosen", () => {
    const found = backgroundsOf(of, everybody, false);
    expect(found.shown).toEqual([]);
    expect(found.waits).toEqual({ sex: true, age: false });
    expect(ends(backgroundsOf(of, women, false))).toEqual([[92.2, 92.2]]);
    expect(backgroundsOf(of, women, false).waits.sex).toBe(false);
  });

  test("of adults are not drawn behind children", () => {
    expect(backgroundsOf(of, { ...women, ageTo: 17 }, false).shown).toEqual([]);
  });

  test("nothing is drawn while nothing is known", () => {
    expect(backgroundsOf(undefined, women, false).shown).toEqual([]);
  });
});

describe("norms", () => {
  const byAge = [
    figure({ sex: "F", age_from: 45, age_below: 55, mean: 119.5, sd: 18.5 }),
    figure({ sex: "F", age_from: 55, age_below: 65, mean: 110.6, sd: 16.3 }),
  ];

  test("of an age group hold for a cohort within it", () => {
    const found = backgroundsOf(published([], byAge), sixty, false);
    const [low = 0, high = 0] = ends(found)[0] ?? [];
    expect([low, high].map((one) => one.toFixed(1))).toEqual(["78.0", "143.2"]);
    expect(found.shown[0]).toMatchObject({ kind: "sd", letter: "A", source: "Norm 2024" });
    expect(ends(found)).toHaveLength(1);
  });

  test("and wait for the ages, but not against the age", () => {
    const waiting = backgroundsOf(published([], byAge), women, false);
    expect(waiting).toEqual({ shown: [], waits: { sex: false, age: true } });
    expect(backgroundsOf(published([], byAge), women, true).shown[0]?.parts).toHaveLength(2);
  });

  test("percentiles of both sides are a band, of one side a line", () => {
    const range = [
      figure({ percentile: 2.5, value: 81.1 }),
      figure({ percentile: 97.5, value: 322 }),
    ];
    expect(ends(backgroundsOf(published([], range), everybody, false))).toEqual([[81.1, 322]]);
    expect(ends(backgroundsOf(published([], range.slice(0, 1)), everybody, false))).toEqual([
      [81.1, 81.1],
    ]);
  });

  test("against the age a wide group has what no narrow one has", () => {
    const some = [
      figure({ age_from: 20, age_below: 83, percentile: 5, value: 89 }),
      figure({ age_from: 20, age_below: 30, percentile: 5, value: 111 }),
      figure({ age_from: 30, age_below: 80, percentile: 5, value: 100 }),
    ];
    const parts = backgroundsOf(published([], some), everybody, true).shown[0]?.parts ?? [];
    expect(parts.map(({ ageFrom, ageBelow, ends: [low] }) => [ageFrom, ageBelow, low])).toEqual([
      [20, 30, 111],
      [30, 80, 100],
      [80, 83, 89],
    ]);
  });

  test("for some body mass indices are not drawn", () => {
    const lean = figure({ bmi_from: 20, bmi_below: 25, percentile: 5, value: 40 });
    expect(backgroundsOf(published([], [lean]), everybody, true).shown).toEqual([]);
  });

  test("that change with each year do so along the ages alone", () => {
    const falling = [figure({ mean: 200, sd: 20, per_year: -2 })];
    expect(backgroundsOf(published([], falling), everybody, false).waits.age).toBe(true);
    const [part] = backgroundsOf(published([], falling), everybody, true).shown[0]?.parts ?? [];
    expect(part).toMatchObject({ ends: [160, 240], perYear: -2 });
  });
});

test("letters go on where another axis left off", () => {
  const of = published([limit({ high: 3 }), limit({ high: 4 })]);
  const letters = backgroundsOf(of, everybody, false, 2).shown.map(({ letter }) => letter);
  expect(letters).toEqual(["C", "D"]);
});

test("an axis makes room for a limit that is near, not for one far away", () => {
  const { shown } = backgroundsOf(
    published([limit({ high: 120 }), limit({ high: 900 })]),
    everybody,
    false,
  );
  expect(withRoom([50, 100], shown)).toEqual([50, 121]);
});
