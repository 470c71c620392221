/** The structures of a study as a tree: groups, and what is in them. */
import type { LabelMap, Structure, ViewerManifest } from "./manifest";
import { isBelieved, keyOf, type StructureKey } from "./state";

export interface Leaf {
  key: StructureKey;
  map: string;
  name: string;
  structure: Structure;
}
/** What is not believed has a branch of its own, the last one, whatever it was taken for. */
export type BranchName = Structure["group"] | "doubted";
export interface Branch {
  group: BranchName;
  leaves: Leaf[];
}
export type Checked = "all" | "some" | "none";

/** From head to foot, where that is how one looks for them. */
const BY_HEIGHT: ReadonlySet<BranchName> = new Set(["vertebrae", "ribs"]);

export function treeOf(
  maps: readonly LabelMap[],
  groups: ViewerManifest["groups"],
  nameOf: (structure: Structure) => string,
): Branch[] {
  const leaves = maps.flatMap((map) =>
    map.structures.map((structure) => ({
      key: keyOf(map.name, structure.label),
      map: map.name,
      name: nameOf(structure),
      structure,
    })),
  );
  const branchOf = (one: Structure): BranchName => (isBelieved(one) ? one.group : "doubted");
  return [...groups, "doubted" as const]
    .map((group) => ({
      group,
      leaves: leaves
        .filter(({ structure }) => branchOf(structure) === group)
        .sort((one, other) =>
          BY_HEIGHT.has(group)
            ? other.structure.centroid_ras_mm[2] - one.structure.centroid_ras_mm[2]
            : one.name.localeCompare(other.name, undefined, { numeric: true }),
        ),
    }))
    .filter(({ leaves }) => leaves.length > 0);
}

/** Letters without their accents, so that `figado` finds `fígado`. */
export function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Structures whose name holds every word; a group whose name does is kept whole. */
export function filtered(
  tree: readonly Branch[],
  search: string,
  groupName: (group: BranchName) => string,
): Branch[] {
  const words = plain(search).split(/\s+/).filter(Boolean);
  const holds = (text: string) => words.every((word) => plain(text).includes(word));
  return tree
    .map((branch) =>
      holds(groupName(branch.group))
        ? branch
        : {
            ...branch,
            leaves: branch.leaves.filter(
              ({ name, structure }) =>
                holds(name) || holds(structure.structure.replaceAll("_", " ")),
            ),
          },
    )
    .filter(({ leaves }) => leaves.length > 0);
}

export function checkedOf(
  keys: readonly StructureKey[],
  shown: ReadonlySet<StructureKey>,
): Checked {
  const count = keys.filter((key) => shown.has(key)).length;
  if (count === 0) return "none";
  return count === keys.length ? "all" : "some";
}
