/** The structures of label maps by their labels: names, pairs, which are edited. */
import type { LabelMap } from "../manifest";
import { paintable } from "../paintable";
import { labelsOf, type Runs } from "./runs";

const SIDE = /_(left|right)(?=_|$)/;

/** The label of a structure's counterpart on the other side; null where it has none. */
export function mirrored(map: LabelMap, label: number): number | null {
  const structures = paintable(map);
  const name = structures.find((one) => one.label === label)?.structure ?? "";
  if (!SIDE.test(name)) return null;
  const other = name.replace(SIDE, (_, side) => (side === "left" ? "_right" : "_left"));
  return structures.find(({ structure }) => structure === other)?.label ?? null;
}

/** What the structures are called whose voxels change. */
export function structureNames(
  maps: readonly LabelMap[],
  edits: ReadonlyMap<string, Runs>,
): string[] {
  return [...edits].flatMap(([name, runs]) => {
    const labels = labelsOf(runs);
    const map = maps.find((one) => one.name === name);
    return (map ? paintable(map) : [])
      .filter(({ label }) => labels.has(label))
      .map(({ structure }) => structure);
  });
}
