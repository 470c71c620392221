import { useId } from "react";

import type { Background, Part } from "../norms";
import type { Frame } from "./Axes";
import classes from "./charts.module.css";
import type { Scale } from "./scale";

/** Stands for an age that has no end, beyond every axis. */
const OLDEST = 150;
const STEP = 11;
const ROWS = 2;
/** Room above a chart for the letters. */
export const LETTERS_HIGH = STEP * ROWS + 8;

interface Props {
  frame: Frame;
  backgrounds: readonly Background[];
  /** On which axis the measurement is, and its scale. */
  axis: "x" | "y";
  scale: Scale;
  /** The other axis, where that is the age. */
  ages?: Scale;
}

type Point = readonly [x: number, y: number];

/** Norms as bands, behind the data and quieter. */
export function Behind(props: Props) {
  const { frame, backgrounds } = props;
  const id = useId();
  return (
    <g aria-hidden className={classes.behind}>
      <Clip id={id} frame={frame} />
      <g clipPath={`url(#${id})`}>
        {backgrounds.flatMap(({ letter, parts }) =>
          parts.filter(isBand).map((part) => {
            const [low, high] = edgesOf(part, props);
            const corners = [...low, ...high.toReversed()].map((corner) => corner.join(","));
            return <polygon key={`${letter} ${part.ageFrom}`} points={corners.join(" ")} />;
          }),
        )}
      </g>
    </g>
  );
}

/** Limits, and the ends of bands, as lines with the letters they have in the legend. */
export function BehindLines(props: Props) {
  const { frame, backgrounds } = props;
  const id = useId();
  return (
    <g aria-hidden className={classes.behind}>
      <Clip id={id} frame={frame} />
      {backgrounds.map(({ letter, kind, parts }, at) => (
        <g key={letter} data-kind={kind}>
          <g clipPath={`url(#${id})`}>
            {parts.flatMap((part) =>
              edgesOf(part, props)
                .slice(isBand(part) ? 0 : 1)
                .flatMap(([[x1, y1], [x2, y2]], edge) =>
                  [classes.halo, undefined].map((className) => (
                    <line
                      key={`${part.ageFrom} ${part.ends[0]} ${edge} ${className ?? ""}`}
                      {...{ className, x1, y1, x2, y2 }}
                    />
                  )),
                ),
            )}
          </g>
          <Letter letter={letter} parts={parts} at={at} {...props} />
        </g>
      ))}
    </g>
  );
}

function isBand({ ends: [low, high] }: Part): boolean {
  return low !== high;
}

/** The lower and the upper edge of a part: each from where it begins to where it ends. */
function edgesOf(
  { ageFrom, ageBelow, ends, perYear }: Part,
  { frame, axis, scale, ages }: Props,
): [low: [Point, Point], high: [Point, Point]] {
  const until = Math.min(ageBelow, OLDEST);
  const drift = ages ? perYear * (until - ageFrom) : 0;
  const [from, to] = ages
    ? [ages.place(ageFrom), ages.place(until)]
    : axis === "x"
      ? [frame.bottom, frame.top]
      : [frame.left, frame.right];
  const at = (along: number, value: number): Point =>
    axis === "x" ? [scale.place(value), along] : [along, scale.place(value)];
  const edge = (end: number): [Point, Point] => [at(from, end), at(to, end + drift)];
  return [edge(ends[0]), edge(ends[1])];
}

interface LetterProps extends Props {
  letter: string;
  parts: readonly Part[];
  at: number;
}

/** Above the chart over the middle of a band; beside a line across it, at its right or first end. */
function Letter({ letter, parts, at, frame, axis, scale, ages }: LetterProps) {
  const row = at % ROWS;
  const placeOf = ({ ageFrom, ageBelow, ends: [low, high] }: Part): Point => {
    if (axis === "x") {
      const [from, to] = [scale.place(low), scale.place(high)];
      const middle = (Math.max(from, frame.left) + Math.min(to, frame.right)) / 2;
      return [middle, frame.top - 7 - STEP * row];
    }
    const x = ages
      ? Math.min(Math.max(ages.place(ageFrom), frame.left) + 9, ages.place(ageBelow))
      : frame.right - 8 - STEP * row;
    return [x, scale.place(high) - 8];
  };
  const isSeen = ([x, y]: Point) =>
    x >= frame.left && x <= frame.right && y > 0 && y < frame.bottom;
  const place = parts.map(placeOf).find(isSeen);
  if (!place) return null;
  return (
    <text x={place[0]} y={place[1]} dy="0.32em" textAnchor="middle">
      {letter}
    </text>
  );
}

function Clip({ id, frame }: { id: string; frame: Frame }) {
  return (
    <clipPath id={id}>
      <rect
        x={frame.left}
        y={frame.top}
        width={Math.max(frame.right - frame.left, 0)}
        height={frame.bottom - frame.top}
      />
    </clipPath>
  );
}
