import type { Reference } from "./reference";

const [WIDTH, HEIGHT, BAR] = [72, 10, 4];

/** Where a value lies to its reference range; the words stand beside it. */
export function ReferenceBar({ value, reference }: { value: number; reference: Reference }) {
  const [from, to] = domain(reference);
  const at = (number: number) =>
    Math.min(Math.max((number - from) / (to - from), 0), 1) * (WIDTH - 4) + 2;
  const [low, high] = [at(reference.low ?? from), at(reference.high ?? to)];
  const top = (HEIGHT - BAR) / 2;
  return (
    <svg width={WIDTH} height={HEIGHT} aria-hidden>
      <rect x={0} y={top} width={WIDTH} height={BAR} rx={2} fill="var(--study-bar)" />
      <rect x={low} y={top} width={high - low} height={BAR} fill="var(--study-range)" />
      <rect
        x={at(value) - 1.25}
        y={0}
        width={2.5}
        height={HEIGHT}
        rx={1}
        fill="var(--mantine-color-text)"
      />
    </svg>
  );
}

/** A range takes the middle half; a limit stands in the middle. */
function domain({ low, high }: Reference): [number, number] {
  if (low !== null && high !== null) return [low - (high - low) / 2, high + (high - low) / 2];
  const limit = low ?? high ?? 0;
  const span = Math.abs(limit) || 1;
  return [limit - span, limit + span];
}
