import { useElementSize } from "@mantine/hooks";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";

import { Axes, frameOf } from "./Axes";
import classes from "./charts.module.css";
import { linear } from "./scale";

const HEIGHT = 300;

interface Props {
  distribution: Schemas["DistributionOut"];
  /** What the axis is, with its unit. */
  label: string;
}

/** How many studies have how much. */
export function Histogram({ distribution, label }: Props) {
  const { t } = useTranslation("explorer");
  const format = useFormat();
  const { ref, width } = useElementSize();
  const { edges, counts } = distribution;
  const most = Math.max(...counts);
  const frame = frameOf(width, HEIGHT);
  const x = linear(rangeOf(distribution), [frame.left, frame.right], width < 500 ? 4 : 8);
  const y = linear([0, most], [frame.bottom, frame.top], Math.min(most, 5));
  return (
    <div ref={ref}>
      {width > 0 && (
        <svg
          className={classes.chart}
          height={HEIGHT}
          role="img"
          aria-label={t("histogram.label", { label, count: distribution.count })}
        >
          <Axes frame={frame} x={x} y={y} xLabel={label} yLabel={t("histogram.studies")} />
          {counts.map((count, bin) => {
            const [from, to] = [edges[bin] ?? 0, edges[bin + 1] ?? 0];
            const left = counts.length === 1 ? x.place(from) - 12 : x.place(from);
            const right = counts.length === 1 ? x.place(from) + 12 : x.place(to);
            return (
              <rect
                key={from}
                className={classes.bar}
                x={left + 0.5}
                y={y.place(count)}
                width={Math.max(right - left - 1, 1)}
                height={frame.bottom - y.place(count)}
              >
                <title>
                  {`${format.number(from, x.digits + 1)} – ${format.number(to, x.digits + 1)}: ${format.number(count)}`}
                </title>
              </rect>
            );
          })}
        </svg>
      )}
    </div>
  );
}

/** Both charts of a measurement have the same axis. */
export function rangeOf({ min, max }: Schemas["DistributionOut"]): [number, number] {
  return [min, max];
}
