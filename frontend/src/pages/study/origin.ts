/** Whose weights made a label map: other people's by their name, with the licence. */
import type { TFunction } from "i18next";

import type { Results } from "./queries";

type Made = NonNullable<Results["provenance"]>["segmentations"][number];

export function originOf(
  made: Pick<Made, "weights_origin" | "collections">,
  t: TFunction<"study">,
): string {
  if (made.collections.length === 0) return t(`origin.${made.weights_origin}`);
  return made.collections.map(({ name, licence }) => `${name} (${licence})`).join(", ");
}
