/** Why something is missing, in the reader's language; the server tells it in English. */

const REASONS = [
  [/volume was removed by retention/, "error.retention"],
  [/masks were removed by retention/, "error.retentionMasks"],
  [/older than label maps/, "error.older"],
  [/cannot be read/, "error.unreadable"],
] as const;

/** Key of the text; null where the server's own words are all there is. */
export function reasonKey(reason: string): (typeof REASONS)[number][1] | null {
  return REASONS.find(([pattern]) => pattern.test(reason))?.[1] ?? null;
}
