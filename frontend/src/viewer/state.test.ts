import { describe, expect, test } from "vitest";

import { DOUBTED, MAPS, TISSUE } from "./sample";
import { beginning, keysOf, reduce } from "./state";

const BEGINNING = beginning(MAPS);
const TARGET = {
  structure: "skeletal_muscle",
  slice_index: 37,
  position_ijk: [44, 31, 37] as [number, number, number],
  position_ras_mm: [0, 0, 1085] as [number, number, number],
  shown: [{ map: "tissue_types", label: 3, structure: "skeletal_muscle" }],
};

test("anatomy is shown at first, tissue is not: it covers everything", () => {
  expect([...BEGINNING.shown].sort()).toEqual(["total/1", "total/27", "total/29", "total/5"]);
});

test("what is not believed is hidden at first, and no set of structures brings it", () => {
  expect(beginning([DOUBTED]).shown.has("total/17")).toBe(false);
  expect(keysOf(DOUBTED)).not.toContain("total/17");
});

test("showing a structure brings hidden structures back", () => {
  const hidden = reduce(BEGINNING, { do: "masks", off: true });
  expect(hidden.masksOff).toBe(true);
  const shown = reduce(hidden, { do: "show", keys: ["tissue_types/3"], on: true });
  expect(shown.masksOff).toBe(false);
  expect(shown.shown.has("tissue_types/3")).toBe(true);
});

test("hiding one leaves the others alone", () => {
  const { shown } = reduce(BEGINNING, { do: "show", keys: ["total/5"], on: false });
  expect([...shown].sort()).toEqual(["total/1", "total/27", "total/29"]);
  expect(BEGINNING.shown.has("total/5")).toBe(true);
});

test("only this is only this", () => {
  expect([...reduce(BEGINNING, { do: "only", keys: ["total/1"] }).shown]).toEqual(["total/1"]);
});

test("opacity stays between nothing and all", () => {
  expect(reduce(BEGINNING, { do: "opacity", opacity: 3 }).opacity).toBe(1);
  expect(reduce(BEGINNING, { do: "opacity", opacity: -1 }).opacity).toBe(0);
});

describe("a jump", () => {
  test("shows what it is about, in an axial slice", () => {
    const coronal = reduce(BEGINNING, { do: "layout", layout: "coronal" });
    const there = reduce(coronal, { do: "jump", target: TARGET });
    expect(there.layout).toBe("axial");
    expect([...there.shown]).toEqual(["tissue_types/3"]);
  });

  test("stays in the grid, which shows all planes", () => {
    const grid = reduce(BEGINNING, { do: "layout", layout: "grid" });
    expect(reduce(grid, { do: "jump", target: TARGET }).layout).toBe("grid");
  });

  test("to a place without a structure leaves the structures", () => {
    const there = reduce(BEGINNING, { do: "jump", target: { ...TARGET, shown: [] } });
    expect(there.shown).toBe(BEGINNING.shown);
  });
});

test("a reset brings back what was at first", () => {
  const changed = reduce(BEGINNING, { do: "show", keys: keysOf(TISSUE), on: true });
  expect(reduce(changed, { do: "reset", to: BEGINNING })).toBe(BEGINNING);
});
