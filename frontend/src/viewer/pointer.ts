/** What pointers do on the canvas: mouse, pen, fingers. */
import type { Hand } from "./editing/hand";
import type { Engine } from "./engine";
import type { Tile } from "./layouts";
import type { Layout, Tool } from "./state";
import { dragged, type WindowLevel } from "./windows";

export interface Point {
  x: number;
  y: number;
}

export interface PointerHost {
  engine: Engine;
  tool: () => Tool;
  layout: () => Layout;
  window: () => WindowLevel | null;
  /** From the darkest to the brightest of the volume. */
  range: () => number;
  setWindow: (window: WindowLevel) => void;
  /** A tile was double-clicked: fill the canvas with it, or go back to the grid. */
  enlarge: (layout: Layout) => void;
  /** Who edits; null while nobody does. */
  hand: () => Hand | null;
  /** A place was clicked with the right button. */
  menu: (point: Point) => void;
}

type Gesture =
  | {
      kind: "crosshair" | "pan" | "measure" | "rotate" | "scroll" | "edit";
      tile: Tile;
      last: Point;
    }
  | { kind: "window"; from: WindowLevel; last: Point };

const LEFT = 0;
const MIDDLE = 1;
const RIGHT = 2;
/** Way of a finger for one slice, in pixels. */
const FINGER_STEP = 8;
/** A finger that moves less has tapped. */
const TAP = 8;
const WHEEL_STEP = 40;

export function watchPointers(canvas: HTMLCanvasElement, host: PointerHost): () => void {
  const { engine } = host;
  const down = new Map<number, Point>();
  let gesture: Gesture | null = null;
  let start: Point = { x: 0, y: 0 };
  let pinch: { distance: number; middle: Point } | null = null;
  let wheel = 0;

  const pointOf = (event: MouseEvent): Point => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };

  const kindOf = (event: PointerEvent, tile: Tile): Gesture["kind"] => {
    if (event.button === RIGHT) return "window";
    const tool = host.tool();
    const isPlain = event.button === LEFT && !event.shiftKey && tile.axis !== null;
    if (isPlain && tool === "crosshair" && host.hand()?.draws(event.pointerType)) return "edit";
    if (tile.axis === null) return tool === "window" ? "window" : "rotate";
    if (event.button === MIDDLE || event.shiftKey) return "pan";
    if (tool === "crosshair" && event.pointerType === "touch") return "scroll";
    return tool;
  };

  const onDown = (event: PointerEvent) => {
    canvas.focus({ preventScroll: true });
    // A palm beside the pen draws nothing, and moves nothing.
    if (gesture?.kind === "edit" && event.pointerType === "touch") return;
    const point = pointOf(event);
    down.set(event.pointerId, point);
    canvas.setPointerCapture(event.pointerId);
    if (down.size === 2) {
      finish();
      pinch = pinchOf(down);
      return;
    }
    const tile = engine.tileAt(point.x, point.y);
    if (!tile || gesture) return;
    start = point;
    const kind = kindOf(event, tile);
    if (kind === "window") {
      const from = host.window();
      if (from) gesture = { kind, from, last: point };
      return;
    }
    gesture = { kind, tile, last: point };
    if (kind === "crosshair") moveCrosshair(point);
    if (kind === "edit") {
      const place = engine.placeAt(point.x, point.y);
      const isTaken = place !== null && tile.axis !== null && host.hand()?.press(place, tile.axis);
      if (!isTaken) gesture = null;
    }
  };

  const draw = (event: PointerEvent) => {
    // All the way that the hand has gone since the last frame.
    const way = event.getCoalescedEvents();
    for (const at of way.length > 0 ? way : [event]) {
      const { x, y } = pointOf(at);
      const place = engine.placeAt(x, y);
      if (place) host.hand()?.drag(place);
    }
  };

  const moveCrosshair = (point: Point) => {
    const place = engine.placeAt(point.x, point.y);
    if (place) engine.moveTo(place);
  };

  const onMove = (event: PointerEvent) => {
    const point = pointOf(event);
    if (down.has(event.pointerId)) down.set(event.pointerId, point);
    if (pinch && down.size === 2) {
      const now = pinchOf(down);
      engine.zoom(
        Math.log(now.distance / pinch.distance) / Math.log(1.2),
        now.middle.x,
        now.middle.y,
      );
      engine.pan(pinch.middle, now.middle);
      pinch = now;
      return;
    }
    if (event.pointerType !== "touch") engine.point(point.x, point.y);
    if (gesture?.kind === "edit") draw(event);
    else if (gesture) drag(gesture, point);
    else if (host.tool() === "crosshair") hover(point);
  };

  /** A line that was begun follows the hand. */
  const hover = (point: Point) => {
    const hand = host.hand();
    const place = hand && engine.placeAt(point.x, point.y);
    if (place) hand.drag(place);
  };

  const drag = (now: Gesture, point: Point) => {
    if (now.kind === "window") {
      const moved = { across: point.x - start.x, down: point.y - start.y };
      host.setWindow(dragged(now.from, moved, host.range()));
      return;
    }
    switch (now.kind) {
      case "crosshair":
        moveCrosshair(point);
        break;
      case "pan":
        engine.pan(now.last, point);
        break;
      case "measure":
        engine.measure(start, point);
        break;
      case "rotate":
        engine.rotate(point.x - now.last.x, point.y - now.last.y);
        break;
      case "edit":
        return;
      case "scroll": {
        const steps = Math.trunc((now.last.y - point.y) / FINGER_STEP);
        if (steps === 0 || now.tile.axis === null) return;
        engine.scroll(now.tile.axis, steps);
        now.last = { x: point.x, y: now.last.y - steps * FINGER_STEP };
        return;
      }
    }
    now.last = point;
  };

  const finish = () => {
    if (gesture?.kind === "measure") engine.keepMeasurement();
    if (gesture?.kind === "edit") {
      const { x, y } = gesture.last;
      const wasDragged = Math.hypot(x - start.x, y - start.y) >= TAP;
      host.hand()?.lift(engine.placeAt(x, y), wasDragged);
    }
    gesture = null;
  };

  const onUp = (event: PointerEvent) => {
    const point = pointOf(event);
    const isTap = Math.hypot(point.x - start.x, point.y - start.y) < TAP;
    if (gesture?.kind === "edit") gesture.last = point;
    if (gesture?.kind === "window" && isTap && event.button === RIGHT) host.menu(point);
    if (gesture?.kind === "scroll" && isTap) {
      moveCrosshair(point);
      engine.point(point.x, point.y);
    }
    down.delete(event.pointerId);
    if (down.size < 2) pinch = null;
    if (down.size === 0) finish();
  };

  const onWheel = (event: WheelEvent) => {
    event.preventDefault();
    const point = pointOf(event);
    const tile = engine.tileAt(point.x, point.y);
    if (!tile) return;
    const hand = host.hand();
    if (hand && event.altKey) {
      hand.resize(-Math.sign(event.deltaY));
      return;
    }
    // Wheels tell notches, touchpads tell pixels; both move evenly.
    wheel +=
      event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * WHEEL_STEP;
    const steps = Math.trunc(wheel / WHEEL_STEP);
    if (steps === 0) return;
    wheel -= steps * WHEEL_STEP;
    const notch = Math.sign(steps) * Math.max(1, Math.floor(Math.abs(steps) / 3));
    if (tile.axis === null) engine.zoomRender(-Math.sign(steps));
    else if (event.ctrlKey) engine.zoom(-Math.sign(steps), point.x, point.y);
    else engine.scroll(tile.axis, -notch);
  };

  const onDouble = (event: MouseEvent) => {
    const { x, y } = pointOf(event);
    const tile = engine.tileAt(x, y);
    if (tile && host.tool() === "crosshair" && !host.hand())
      host.enlarge(host.layout() === "grid" ? tile.layout : "grid");
  };

  const onLeave = () => engine.pointNowhere();
  const onMenu = (event: Event) => event.preventDefault();

  const controller = new AbortController();
  const { signal } = controller;
  canvas.addEventListener("pointerdown", onDown, { signal });
  canvas.addEventListener("pointermove", onMove, { signal });
  canvas.addEventListener("pointerup", onUp, { signal });
  canvas.addEventListener("pointercancel", onUp, { signal });
  canvas.addEventListener("pointerleave", onLeave, { signal });
  canvas.addEventListener("wheel", onWheel, { signal, passive: false });
  canvas.addEventListener("dblclick", onDouble, { signal });
  canvas.addEventListener("contextmenu", onMenu, { signal });
  return () => controller.abort();
}

function pinchOf(down: ReadonlyMap<number, Point>): { distance: number; middle: Point } {
  const [one = { x: 0, y: 0 }, other = one] = [...down.values()];
  return {
    distance: Math.max(Math.hypot(one.x - other.x, one.y - other.y), 1),
    middle: { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 },
  };
}
