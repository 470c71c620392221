import { expect, test } from "vitest";

import { type Sample, speedOf, withSample } from "./speed";

test("the speed is that of the last seconds", () => {
  let samples: Sample[] = [];
  expect(speedOf(samples)).toBeNull();
  samples = withSample(samples, { at: 0, bytes: 0 });
  expect(speedOf(withSample(samples, { at: 100, bytes: 5e6 }))).toBeNull();
  samples = withSample(samples, { at: 4000, bytes: 4000 });
  expect(speedOf(samples)).toBe(1000);
  samples = withSample(samples, { at: 8000, bytes: 12_000 });
  expect(speedOf(samples)).toBe(2000);
});
