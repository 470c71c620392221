/** What of a measurement can be not believed: the number, and the structure it is of. */
import type { Measurement } from "../queries";
import type { Subject } from "./hand";

interface Words {
  measurement: (name: string) => string;
  Structure: (name: string) => string;
}

export function subjectsOf(
  { name, structure }: Pick<Measurement, "name" | "structure">,
  words: Words,
): Subject[] {
  const number: Subject = { kind: "measurement", name, label: words.measurement(name) };
  if (!structure) return [number];
  return [number, { kind: "structure", name: structure, label: words.Structure(structure) }];
}
