import {
  type Dispatch,
  type ReactNode,
  type RefObject,
  useEffect,
  useId,
  useRef,
  useSyncExternalStore,
} from "react";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";

import type { Hand } from "./editing/hand";
import { BEGINNING, type Engine } from "./engine";
import type { Triple } from "./geometry";
import { AXES } from "./layouts";
import { type Point, watchPointers } from "./pointer";
import type { Action, ViewerState } from "./state";
import classes from "./Viewer.module.css";

interface Props {
  canvas: RefObject<HTMLCanvasElement | null>;
  engine: Engine | null;
  state: ViewerState;
  /** Width of all values, for dragging the window. */
  range: number;
  shape: Triple;
  dispatch: Dispatch<Action>;
  /** Who edits. */
  hand: Hand | null;
  /** A place was clicked with the right button. */
  onMenu: (point: Point) => void;
  /** What is drawn above the images. */
  children?: ReactNode;
}

const never = () => () => undefined;
const atFirst = () => BEGINNING;

/** Where the images are drawn, and what pointers do there. */
export function Canvas(props: Props) {
  const { canvas, engine, state, range, shape, dispatch, hand, onMenu, children } = props;
  const { t } = useTranslation("viewer");
  const format = useFormat();
  const helpId = useId();
  const latest = useRef({ state, range, hand, onMenu });
  useEffect(() => {
    latest.current = { state, range, hand, onMenu };
  });

  useEffect(() => {
    const element = canvas.current;
    if (!element || !engine) return;
    return watchPointers(element, {
      engine,
      tool: () => latest.current.state.tool,
      layout: () => latest.current.state.layout,
      window: () => latest.current.state.window,
      range: () => latest.current.range,
      setWindow: (window) => dispatch({ do: "window", window }),
      enlarge: (layout) => dispatch({ do: "layout", layout }),
      hand: () => latest.current.hand,
      menu: (point) => latest.current.onMenu(point),
    });
  }, [canvas, engine, dispatch]);

  const { crosshair, isFlashing } = useSyncExternalStore(
    engine?.subscribe ?? never,
    engine?.view ?? atFirst,
  );
  const axis = AXES[state.layout];
  const values = {
    layout: t(`layout.${state.layout}`),
    slice: axis === undefined ? 0 : Math.floor(crosshair[axis] * shape[axis]) + 1,
    slices: axis === undefined ? 0 : shape[axis],
    level: format.number(state.window?.level ?? 0),
    width: format.number(state.window?.width ?? 0),
  };
  const text = t(axis === undefined ? "canvas.render" : "canvas.slice", values);
  return (
    <div className={classes.canvas}>
      {/* A picture that takes keys: assistive technology hears what it shows. */}
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label={`${t("canvas.label")}: ${text}`}
        aria-describedby={helpId}
        data-tool={state.tool}
        data-editing={hand !== null || undefined}
        data-flashing={isFlashing || undefined}
      />
      <span id={helpId} hidden>
        {t(hand ? "canvas.editKeys" : "canvas.keys")}
      </span>
      {children}
    </div>
  );
}
