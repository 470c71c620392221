import { Text, VisuallyHidden } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { Fragment, type KeyboardEvent, memo, type PointerEvent, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import type { Schemas } from "@/api/client";

import { type Background, withRoom } from "../norms";
import { Axes, frameOf } from "./Axes";
import { Behind, BehindLines, LETTERS_HIGH } from "./Behind";
import classes from "./charts.module.css";
import { Mark } from "./Mark";
import { nearest, neighbour, type Place } from "./nearest";
import { linear, padded } from "./scale";

const HEIGHT = 420;
const REACH = 14;

export type Point = Schemas["PointOut"];

interface Props {
  points: readonly Point[];
  xLabel: string;
  yLabel: string;
  /** A point in words. */
  tell: (point: Point) => string;
  /** Limits and norms of both measurements; the first may be the age. */
  behind: { x: readonly Background[]; y: readonly Background[]; againstAge: boolean };
}

/** Two numbers of each study; a point leads to its study. */
export function Scatter({ points, xLabel, yLabel, tell, behind }: Props) {
  const { t } = useTranslation("explorer");
  const navigate = useNavigate();
  const { ref, width } = useElementSize();
  const [here, setHere] = useState<number | null>(null);
  const frame = useMemo(
    () => frameOf(width, HEIGHT, behind.x.length > 0 ? LETTERS_HIGH : undefined),
    [width, behind.x.length],
  );
  const { x, y, places } = useMemo(() => {
    const x = linear(withRoom(padded(points.map((one) => one.x)), behind.x), [
      frame.left,
      frame.right,
    ]);
    const y = linear(withRoom(padded(points.map((one) => one.y)), behind.y), [
      frame.bottom,
      frame.top,
    ]);
    return { x, y, places: points.map((one) => ({ x: x.place(one.x), y: y.place(one.y) })) };
  }, [points, frame, behind.x, behind.y]);
  const shown = here === null ? undefined : points[here];
  const place = here === null ? undefined : places[here];

  const open = () => shown && void navigate(`/studies/${shown.study_id}`);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key] as 1 | -1 | undefined;
    if (step) setHere(neighbour(places, here, step));
    else if (event.key === "Enter") open();
    else if (event.key === "Escape") setHere(null);
    else return;
    event.preventDefault();
  };
  const onPointerMove = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setHere(nearest(places, { x: event.clientX - box.left, y: event.clientY - box.top }, REACH));
  };

  return (
    <div ref={ref}>
      {width > 0 && (
        <svg
          className={classes.chart}
          data-point={shown ? "" : undefined}
          height={HEIGHT}
          tabIndex={0}
          role="application"
          aria-label={t("scatter.label", { x: xLabel, y: yLabel, count: points.length })}
          onKeyDown={onKeyDown}
          onPointerMove={onPointerMove}
          onPointerDown={onPointerMove}
          onPointerLeave={() => setHere(null)}
          onClick={open}
        >
          <Axes frame={frame} x={x} y={y} xLabel={xLabel} yLabel={yLabel} />
          {[Behind, BehindLines].map((Layer) => (
            <Fragment key={Layer.name}>
              <Layer
                frame={frame}
                backgrounds={behind.y}
                axis="y"
                scale={y}
                ages={behind.againstAge ? x : undefined}
              />
              <Layer frame={frame} backgrounds={behind.x} axis="x" scale={x} />
            </Fragment>
          ))}
          <Marks points={points} places={places} />
          {place && <circle className={classes.here} cx={place.x} cy={place.y} r={8} />}
        </svg>
      )}
      <Text size="sm" mih="1.6em" aria-hidden>
        {shown ? tell(shown) : t("scatter.hint")}
      </Text>
      <VisuallyHidden role="status">{shown && tell(shown)}</VisuallyHidden>
    </div>
  );
}

/** Thousands of them, drawn once. */
const Marks = memo(function Marks({
  points,
  places,
}: {
  points: readonly Point[];
  places: readonly Place[];
}) {
  return (
    <g aria-hidden>
      {points.map((point, index) => {
        const place = places[index];
        return place && <Mark key={point.study_id} x={place.x} y={place.y} sex={point.sex} />;
      })}
    </g>
  );
});
