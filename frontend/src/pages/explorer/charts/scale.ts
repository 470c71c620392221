/** From numbers to places on an axis. */

export interface Scale {
  place: (value: number) => number;
  ticks: readonly number[];
  /** Decimals that tell the ticks apart. */
  digits: number;
}

/** Ticks at 1, 2 or 5 times a power of ten, about as many as wanted, within the range. */
export function ticksOf(least: number, greatest: number, wanted: number): number[] {
  const step = stepOf(greatest - least, wanted);
  if (step === 0) return [least];
  const first = Math.ceil(least / step - 1e-9);
  const last = Math.floor(greatest / step + 1e-9);
  // Not by adding up, which drifts.
  return Array.from({ length: last - first + 1 }, (_, n) => clean((first + n) * step));
}

/** A linear axis from `start` to `end`, in pixels. */
export function linear(
  [least, greatest]: readonly [number, number],
  [start, end]: readonly [number, number],
  wanted = 6,
): Scale {
  const [from, to] = least === greatest ? around(least) : [least, greatest];
  const step = stepOf(to - from, wanted);
  return {
    place: (value) => start + ((value - from) / (to - from)) * (end - start),
    ticks: ticksOf(from, to, wanted),
    digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)),
  };
}

/** A little room on both sides. */
export function padded(values: readonly number[], share = 0.04): [number, number] {
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of values) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  if (least > greatest) return [0, 1];
  const room = (greatest - least) * share;
  return [least - room, greatest + room];
}

function stepOf(range: number, wanted: number): number {
  if (!(range > 0)) return 0;
  const raw = range / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5, 10].find((one) => one * power >= raw * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** All values alike: an axis that has them in its middle. */
function around(value: number): [number, number] {
  const room = Math.abs(value) * 0.1 || 1;
  return [value - room, value + room];
}

const clean = (value: number) => Number(value.toPrecision(12));
