import { expect, test } from "vitest";

import type { Pictures } from "../editing/labelEditor";
import { RunBuilder } from "../editing/runs";
import { labelsIn } from "../editing/sample";
import type { Box } from "../editing/space";
import { TOTAL } from "../sample";
import { fitting, OtherVersion, Sides } from "./sides";

/** Label 5 in a row of voxels, of a file whose axes run the other way. */
function bench() {
  const { voxels, space, image } = labelsIn("LPS", [6, 1, 1], (i) => (i < 3 ? 5 : 0));
  const drawn: Box[] = [];
  const pictures: Pictures = {
    image: null,
    loaded: [{ map: TOTAL, image }],
    blank: () => null,
    spaceOf: () => space,
    labelsChanged: (_, box) => drawn.push(box),
  };
  const row = () => space.offsets[0].map((at) => voxels[at] ?? 0).join("");
  return { pictures, drawn, row };
}

/** From 555000 to 550110. */
function change() {
  const builder = new RunBuilder();
  builder.add(2, 1, 5, 0);
  builder.add(3, 2, 0, 1);
  return new Map([["total", builder.done()]]);
}

test("what waits is shown on the label maps of now, and gone again to the byte", () => {
  const { pictures, drawn, row } = bench();
  const sides = new Sides(pictures, fitting(pictures, change(), false), "before");
  sides.show("before");
  expect(drawn).toEqual([]);
  sides.show("after");
  expect(row()).toBe("550110");
  expect(drawn).toEqual([{ from: [2, 0, 0], to: [5, 1, 1] }]);
  sides.show("before");
  expect(row()).toBe("555000");
});

test("label maps of another version are not taken for those after a correction", () => {
  const { pictures } = bench();
  expect(() => fitting(pictures, change(), true)).toThrow(OtherVersion);
  new Sides(pictures, change(), "before").show("after");
  expect(fitting(pictures, change(), true)).toEqual(change());
});

test("a label map that there is no room for is told, and not drawn", () => {
  const { pictures, row } = bench();
  const others = new Map([["tissue_types", change().get("total") ?? new RunBuilder().done()]]);
  expect(fitting(pictures, others, false)).toEqual(others);
  new Sides(pictures, others, "before").show("after");
  expect(row()).toBe("555000");
});
