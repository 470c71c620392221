/** Tables of terms, shared with the pipeline: a key → its name in English and in Portuguese. */
import table from "@words/words.json";

import type { Language } from "./structures";

export type Pair = [en: string, pt: string];
export type Kind = keyof typeof table;

const WORDS = table as unknown as Record<Kind, Record<string, Pair | undefined>>;

/** What a table holds under a key; nothing that JavaScript itself puts there. */
export function own<T>(from: Record<string, T | undefined>, key: string): T | undefined {
  return Object.hasOwn(from, key) ? from[key] : undefined;
}

export function pick(pair: Pair | undefined, language: Language): string | undefined {
  return pair?.[language === "pt" ? 1 : 0];
}

/** Every key of a table, by its name. */
export function keysOf(kind: Kind, language: Language): string[] {
  return Object.keys(WORDS[kind]).toSorted((one, other) =>
    (word(kind, one, language) ?? one).localeCompare(word(kind, other, language) ?? other),
  );
}

export function word(kind: Kind, key: string, language: Language): string | undefined {
  return pick(own(WORDS[kind], key), language);
}
