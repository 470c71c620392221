/** `g` and a letter lead to a page, `?` to help. */

/** Letter → address. */
export const GO: Readonly<Record<string, string>> = {
  w: "/",
  e: "/explorer",
  s: "/system",
};
const PATIENCE_MS = 1200;

export interface Going {
  /** When `g` was pressed last; null: something else came after it. */
  since: number | null;
}

/** What a key means after the ones before: an address, "" on the way to one, or null. */
export function go(going: Going, key: string, now: number): string | null {
  const begun = going.since !== null && now - going.since <= PATIENCE_MS;
  going.since = null;
  if (key === "?") return "/help";
  if (begun && GO[key]) return GO[key];
  if (key !== "g") return null;
  going.since = now;
  return "";
}
