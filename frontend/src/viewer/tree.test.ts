import { describe, expect, test } from "vitest";

import { DOUBTED, MAPS } from "./sample";
import { checkedOf, filtered, plain, treeOf } from "./tree";

const NAMES: Record<string, string> = { liver: "Fígado", spleen: "Baço" };
const TREE = treeOf(
  MAPS,
  ["organs", "vertebrae", "muscles", "tissue"],
  ({ structure }) => NAMES[structure] ?? structure,
);
const leavesOf = (tree: typeof TREE) => tree.flatMap(({ leaves }) => leaves.map(({ key }) => key));
const groupName = (group: string) => (group === "organs" ? "Órgãos" : group);

describe("the tree", () => {
  test("has the groups in their order, and none that is empty", () => {
    expect(TREE.map(({ group }) => group)).toEqual(["organs", "vertebrae", "tissue"]);
  });

  test("orders organs by name and vertebrae from head to foot", () => {
    expect(leavesOf(TREE)).toEqual([
      "total/1",
      "total/5",
      "total/29",
      "total/27",
      "tissue_types/3",
      "tissue_types/1",
    ]);
  });
});

test("what is not believed stands in a branch of its own, behind the others", () => {
  const tree = treeOf([DOUBTED], ["organs", "vertebrae"], ({ structure }) => structure);
  expect(tree.map(({ group }) => group)).toEqual(["organs", "vertebrae", "doubted"]);
  expect(leavesOf(tree).at(-1)).toBe("total/17");
});

describe("search", () => {
  test("needs no accents", () => {
    expect(plain("Fígado")).toBe("figado");
    expect(leavesOf(filtered(TREE, "figado", groupName))).toEqual(["total/5"]);
  });

  test("knows the names of TotalSegmentator's classes", () => {
    expect(leavesOf(filtered(TREE, "L3", groupName))).toEqual(["total/29"]);
    expect(leavesOf(filtered(TREE, "muscle skeletal", groupName))).toEqual(["tissue_types/3"]);
  });

  test("finds whole groups", () => {
    expect(leavesOf(filtered(TREE, "orgaos", groupName))).toEqual(["total/1", "total/5"]);
  });

  test("for nothing keeps everything", () => {
    expect(filtered(TREE, "  ", groupName)).toEqual(TREE);
  });
});

test("a group is checked wholly, partly or not", () => {
  const keys = ["total/1", "total/5"] as const;
  expect(checkedOf(keys, new Set(keys))).toBe("all");
  expect(checkedOf(keys, new Set(["total/1"]))).toBe("some");
  expect(checkedOf(keys, new Set())).toBe("none");
});
