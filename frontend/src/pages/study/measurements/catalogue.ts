/** The analyses' own words about a measurement, and what it was made with. */
import type { Schemas } from "@/api/client";
import { evidenceLabel, factText, type Language } from "@/terms";

import type { Measurement } from "../queries";

type Entry = Schemas["CatalogueEntry"];

/** The entry of a measurement; `<…>` in an entry's name stands for one of many. */
export function entryOf(
  catalogue: Schemas["Catalogue"] | undefined,
  { name, analysis }: Pick<Measurement, "name" | "analysis">,
): Entry | undefined {
  const own = catalogue?.measurements.filter((entry) => entry.analysis === analysis) ?? [];
  return (
    own.find((entry) => entry.name === name) ?? own.find((entry) => patternOf(entry).test(name))
  );
}

function patternOf({ name }: Entry): RegExp {
  const literal = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replace(/<\w+>/g, "\\w+")}$`);
}

/** What a number was made with, as names and values. */
export function parameterFacts(
  parameters: NonNullable<Measurement["parameters"]>,
  language: Language,
): [name: string, value: string][] {
  return Object.entries(parameters).flatMap(([name, value]) =>
    value === null || value === ""
      ? []
      : [[evidenceLabel(name, language), factText(name, value, language)]],
  );
}
