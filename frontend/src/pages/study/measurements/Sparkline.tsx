import { sparkline } from "./trend";

const [WIDTH, HEIGHT, MARGIN] = [54, 18, 3];

/** A small chart of a number over time; its words stand beside it. */
export function Sparkline({ values, current }: { values: number[]; current: number }) {
  const points = sparkline(values, WIDTH, HEIGHT, MARGIN);
  const [x, y] = points[current] ?? [0, 0];
  return (
    <svg width={WIDTH} height={HEIGHT} aria-hidden>
      <polyline
        points={points.map((point) => point.join(",")).join(" ")}
        fill="none"
        stroke="var(--mantine-color-dimmed)"
        strokeWidth={1.25}
      />
      <circle cx={x} cy={y} r={2.5} fill="var(--mantine-primary-color-filled)" />
    </svg>
  );
}
