import { useFormat } from "@/i18n/format";

import classes from "./charts.module.css";
import type { Scale } from "./scale";

export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Where a chart of this size draws its data. */
export function frameOf(width: number, height: number, top = 12): Frame {
  return { width, height, left: 72, right: width - 14, top, bottom: height - 44 };
}

interface Props {
  frame: Frame;
  x: Scale;
  y: Scale;
  xLabel: string;
  yLabel: string;
}

/** Grid, ticks and what the axes are. */
export function Axes({ frame, x, y, xLabel, yLabel }: Props) {
  const format = useFormat();
  return (
    <g aria-hidden className={classes.axes}>
      {y.ticks.map((tick) => (
        <g key={tick}>
          <line x1={frame.left} x2={frame.right} y1={y.place(tick)} y2={y.place(tick)} />
          <text x={frame.left - 8} y={y.place(tick)} dy="0.32em" textAnchor="end">
            {format.number(tick, y.digits)}
          </text>
        </g>
      ))}
      <line
        className={classes.base}
        x1={frame.left}
        x2={frame.right}
        y1={frame.bottom}
        y2={frame.bottom}
      />
      {x.ticks.map((tick) => (
        <g key={tick}>
          <line
            className={classes.base}
            x1={x.place(tick)}
            x2={x.place(tick)}
            y1={frame.bottom}
            y2={frame.bottom + 4}
          />
          <text x={x.place(tick)} y={frame.bottom + 17} textAnchor="middle">
            {format.number(tick, x.digits)}
          </text>
        </g>
      ))}
      <text
        className={classes.label}
        x={(frame.left + frame.right) / 2}
        y={frame.height - 6}
        textAnchor="middle"
      >
        {xLabel}
      </text>
      <text
        className={classes.label}
        transform={`translate(13 ${(frame.top + frame.bottom) / 2}) rotate(-90)`}
        textAnchor="middle"
      >
        {yLabel}
      </text>
    </g>
  );
}
