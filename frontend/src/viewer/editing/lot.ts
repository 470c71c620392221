/** What a window calls itself: drawn by lot, never the same twice; also over plain HTTP. */
export function drawn(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
