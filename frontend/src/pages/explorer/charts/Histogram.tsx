import { useElementSize } from "@mantine/hooks";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";

import type { Background } from "../norms";
import { Axes, frameOf } from "./Axes";
import { Behind, BehindLines, LETTERS_HIGH } from "./Behind";
import classes from "./charts.module.css";
import { linear } from "./scale";

const HEIGHT = 300;

interface Props {
  distribution: Schemas["DistributionOut"];
  /** What the axis is, with its unit. */
  label: string;
  range: readonly [number, number];
  backgrounds: readonly Background[];
}

/** How many studies have how much. */
export function Histogram({ distribution, label, range, backgrounds }: Props) {
  const { t } = useTranslation("explorer");
  const format = useFormat();
  const { ref, width } = useElementSize();
  const { edges, counts } = distribution;
  const most = Math.max(...counts);
  const frame = frameOf(width, HEIGHT, backgrounds.length > 0 ? LETTERS_HIGH : undefined);
  const x = linear(range, [frame.left, frame.right], width < 500 ? 4 : 8);
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
          <Behind frame={frame} backgrounds={backgrounds} axis="x" scale={x} />
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
          <BehindLines frame={frame} backgrounds={backgrounds} axis="x" scale={x} />
        </svg>
      )}
    </div>
  );
}
