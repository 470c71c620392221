import { expect, test } from "vitest";

import { blocksOf, spansOf } from "./markdownBlocks";

test("paragraphs are joined, lists and tables are told apart", () => {
  const blocks = blocksOf(
    "One\ntwo.\n\n* first\n  goes on\n* second\n\n1. a\n2. b\n\n| x | y |\n|---|---|\n| 1 | 2 |",
  );
  expect(blocks).toEqual([
    { kind: "paragraph", text: "One two." },
    { kind: "list", ordered: false, items: ["first goes on", "second"] },
    { kind: "list", ordered: true, items: ["a", "b"] },
    { kind: "table", head: ["x", "y"], rows: [["1", "2"]] },
  ]);
});

test("spans", () => {
  expect(spansOf("**Gate.** `a * b` of *n* voxels")).toEqual([
    { kind: "strong", text: "Gate." },
    { kind: "text", text: " " },
    { kind: "code", text: "a * b" },
    { kind: "text", text: " of " },
    { kind: "em", text: "n" },
    { kind: "text", text: " voxels" },
  ]);
});

test("markup stays text", () => {
  expect(spansOf("<b>x</b> 2 * 3")).toEqual([{ kind: "text", text: "<b>x</b> 2 * 3" }]);
});
