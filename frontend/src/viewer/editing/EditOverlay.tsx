import { type RefObject, useEffect, useState, useSyncExternalStore } from "react";

import type { Engine } from "../engine";
import type { Axis, Triple } from "../geometry";
import { AXES } from "../layouts";
import type { Layout } from "../state";
import classes from "./editing.module.css";
import type { EditSession } from "./session";
import type { Settings } from "./settings";
import { triple } from "./space";

interface Props {
  canvas: RefObject<HTMLCanvasElement | null>;
  engine: Engine;
  session: EditSession;
  settings: Settings;
  layout: Layout;
}

interface Spot {
  x: number;
  y: number;
  /** Pixels of a mm. */
  perMm: number;
}

/** The brush's outline under the pointer, or at the crosshair for the keys; lines that were begun. */
export function EditOverlay({ canvas, engine, session, settings, layout }: Props) {
  const view = useSyncExternalStore(engine.subscribe, engine.view);
  useSyncExternalStore(engine.subscribeToDrawing, engine.drawings);
  const { points } = useSyncExternalStore(session.subscribe, session.view);
  const pointed = usePointer(canvas, engine);
  // Whoever moves the crosshair by keys looks there.
  const pointer = pointed?.crosshair === view.crosshair ? pointed : null;
  const plane = AXES[layout];
  const keys = plane === undefined ? null : engine.pointOf(view.crosshair, plane);
  const spot = pointer ?? keys;
  const isBrush = settings.tool === "brush" || settings.tool === "eraser";
  const { axis } = points;
  const corners = [...points.places, ...(points.hover ? [points.hover] : [])]
    .map((place) => (axis === null ? null : engine.pointOf(fractionOf(engine, place), axis)))
    .filter((one) => one !== null);
  const [from, to] = corners;
  const radius = spot ? Math.max((settings.sizeMm / 2) * spot.perMm, 2) : 0;
  return (
    <svg className={classes.overlay} aria-hidden>
      {isBrush && spot && (
        <Ring spot={spot} radius={radius} isDashed={settings.tool === "eraser"} />
      )}
      {!isBrush && keys && !pointer && <Ring spot={keys} radius={3} />}
      {from && to && settings.tool === "cut" && (
        <line className={classes.line} x1={from.x} y1={from.y} x2={to.x} y2={to.y} />
      )}
      {from && to && settings.tool === "box" && (
        <rect
          className={classes.line}
          x={Math.min(from.x, to.x)}
          y={Math.min(from.y, to.y)}
          width={Math.abs(to.x - from.x)}
          height={Math.abs(to.y - from.y)}
        />
      )}
    </svg>
  );
}

function Ring(props: { spot: Spot; radius: number; isDashed?: boolean }) {
  const { spot, radius, isDashed } = props;
  const circle = { cx: spot.x, cy: spot.y, r: radius };
  return (
    <>
      <circle className={classes.under} {...circle} />
      <circle className={isDashed ? classes.eraser : undefined} {...circle} />
    </>
  );
}

function fractionOf({ grid: { shape } }: Engine, place: Triple): Triple {
  return triple((axis) => (place[axis] + 0.5) / shape[axis]);
}

/** Where the pointer is on a slice, and where the crosshair was then. */
function usePointer(canvas: RefObject<HTMLCanvasElement | null>, engine: Engine) {
  const [spot, setSpot] = useState<(Spot & { crosshair: Triple }) | null>(null);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const move = (event: PointerEvent) => {
      const { left, top } = element.getBoundingClientRect();
      const [x, y] = [event.clientX - left, event.clientY - top];
      const axis: Axis | null = engine.tileAt(x, y)?.axis ?? null;
      const { crosshair } = engine.view();
      const at = axis === null ? null : engine.pointOf(crosshair, axis);
      setSpot(at && { x, y, perMm: at.perMm, crosshair });
    };
    const nowhere = () => setSpot(null);
    // The library draws by itself when the canvas has another size: so do we, and know where all is.
    const resized = new ResizeObserver(() => engine.redraw());
    resized.observe(element);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerdown", move);
    element.addEventListener("pointerleave", nowhere);
    return () => {
      resized.disconnect();
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerdown", move);
      element.removeEventListener("pointerleave", nowhere);
    };
  }, [canvas, engine]);
  return spot;
}
