import { useElementSize } from "@mantine/hooks";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";

import { frameOf } from "./Axes";
import classes from "./charts.module.css";
import { linear } from "./scale";

const ROW = 30;

type Distribution = Schemas["DistributionOut"];

interface Props {
  rows: readonly { name: string; distribution: Distribution }[];
  range: readonly [number, number];
}

/** Quartiles and extremes of each group, under the histogram and on its axis. */
export function Boxes({ rows, range }: Props) {
  const { t } = useTranslation("explorer");
  const { ref, width } = useElementSize();
  const height = rows.length * ROW + 6;
  const frame = frameOf(width, height);
  const x = linear(range, [frame.left, frame.right]);
  return (
    <div ref={ref}>
      {width > 0 && (
        <svg className={classes.chart} height={height} role="img" aria-label={t("boxes.label")}>
          {rows.map(({ name, distribution }, row) => {
            const middle = row * ROW + ROW / 2;
            const at = (key: "min" | "q1" | "median" | "q3" | "max") => x.place(distribution[key]);
            return (
              <g key={name}>
                <g className={classes.axes}>
                  <text x={frame.left - 8} y={middle} dy="0.32em" textAnchor="end">
                    {name}
                  </text>
                </g>
                <line
                  className={classes.whisker}
                  x1={at("min")}
                  x2={at("max")}
                  y1={middle}
                  y2={middle}
                />
                <rect
                  className={classes.box}
                  x={at("q1")}
                  width={Math.max(at("q3") - at("q1"), 1)}
                  y={middle - 8}
                  height={16}
                />
                <line
                  className={classes.median}
                  x1={at("median")}
                  x2={at("median")}
                  y1={middle - 8}
                  y2={middle + 8}
                />
              </g>
            );
          })}
        </svg>
      )}
    </div>
  );
}
