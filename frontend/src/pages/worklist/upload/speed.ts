/** How fast something goes, over the last seconds. */

const WINDOW_MS = 5000;
const LEAST_MS = 500;

export interface Sample {
  at: number;
  bytes: number;
}

export function withSample(samples: readonly Sample[], sample: Sample): Sample[] {
  return [...samples.filter(({ at }) => sample.at - at <= WINDOW_MS), sample];
}

/** Bytes per second; null until that can be said. */
export function speedOf(samples: readonly Sample[]): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || last.at - first.at < LEAST_MS) return null;
  return (1000 * (last.bytes - first.bytes)) / (last.at - first.at);
}
