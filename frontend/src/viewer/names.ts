import type { TFunction } from "i18next";

/** A set of structures, by the folder of its masks. */
export function mapName(t: TFunction<"viewer">, map: string): string {
  return t(`panel.map.${map}`, { defaultValue: map.replaceAll("_", " ") });
}
