import type { LabelMap, Paintable } from "./manifest";

/** The structures of a label map, and those that its task knows and has not found. */
export function paintable({ structures, absent }: LabelMap): readonly Paintable[] {
  return [...structures, ...absent];
}
