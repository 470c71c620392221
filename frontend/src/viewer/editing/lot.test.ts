import { afterEach, expect, test, vi } from "vitest";

import { drawn } from "./lot";

afterEach(() => vi.unstubAllGlobals());

test("a name is drawn where the browser has no secure context", () => {
  const getRandomValues = (to: Uint32Array) => to.fill(4_294_967_295);
  vi.stubGlobal("crypto", { getRandomValues });
  // As the server takes them, the longest.
  expect(drawn()).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
});

test("no two are the same", () => {
  expect(drawn()).not.toBe(drawn());
});
