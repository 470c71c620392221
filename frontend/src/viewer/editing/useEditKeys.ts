/** The keys of the edit tools, before those of the viewer and of the page. */
import { type RefObject, useEffect, useRef } from "react";

import type { Engine } from "../engine";
import { AXES } from "../layouts";
import type { Layout } from "../state";
import { type EditCommand, editCommandOf, wayOf } from "./editKeys";
import type { Hand } from "./hand";
import type { EditSession } from "./session";
import { resized, type Settings } from "./settings";
import { triple } from "./space";

interface Props {
  root: RefObject<HTMLElement | null>;
  engine: Engine | null;
  session: EditSession | null;
  hand: Hand | null;
  settings: Settings;
  layout: Layout;
  set: (part: Partial<Settings>) => void;
  /** The left button is the edit tool's. */
  take: () => void;
  onSave: () => void;
}

/** `g` begins the addresses of the pages (`g e`): what follows is not for the tools. */
const AFTER_G_MS = 1000;
/** These are the tools' only where the images have the focus: buttons and lists need them too. */
const ON_IMAGES: ReadonlySet<EditCommand["do"]> = new Set(["move", "act"]);
const WRITING = "input, textarea, select, [contenteditable], [role=menu], dialog";

export function useEditKeys(props: Props): void {
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const isOn = props.session !== null;
  useEffect(() => {
    if (!isOn) return;
    let gAt = -Infinity;
    const isOurs = (target: EventTarget | null, command: EditCommand) => {
      if (!(target instanceof Element)) return false;
      if (target.matches(WRITING) || target.closest("[role=dialog]")) return false;
      if (ON_IMAGES.has(command.do)) return target.matches("canvas");
      const isInside = latest.current.root.current?.contains(target) ?? false;
      return isInside || target.matches("body, main");
    };
    const onDown = (event: KeyboardEvent) => {
      if (event.key === "g") gAt = event.timeStamp;
      const command = editCommandOf(event);
      if (!command || event.timeStamp - gAt < AFTER_G_MS || !isOurs(event.target, command)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      run(command, latest.current);
    };
    window.addEventListener("keydown", onDown, { capture: true });
    return () => window.removeEventListener("keydown", onDown, { capture: true });
  }, [isOn]);
}

function run(command: EditCommand, props: Props): void {
  const { engine, session, hand, settings, set, take } = props;
  if (!engine || !session || !hand) return;
  const plane = AXES[props.layout];
  const place = engine.view().crosshair;
  switch (command.do) {
    case "tool":
      set({ tool: command.tool });
      {
        take();
        return;
      }
    case "size": {
      set({ sizeMm: resized(settings.sizeMm, command.steps) });
      return;
    }
    case "ball": {
      set({ isBall: !settings.isBall });
      return;
    }
    case "undo": {
      session.undo();
      return;
    }
    case "redo": {
      session.redo();
      return;
    }
    case "save": {
      props.onSave();
      return;
    }
    case "escape": {
      session.escape();
      return;
    }
    case "slice":
      if (plane !== undefined) engine.scroll(plane, command.by);
      return;
    case "move": {
      if (plane === undefined) return;
      const { shape } = engine.grid;
      const way = wayOf(plane, command.across, command.up);
      const to = triple((axis) => {
        const at = Math.floor(place[axis] * shape[axis]) + way[axis];
        return (Math.min(Math.max(at, 0), shape[axis] - 1) + 0.5) / shape[axis];
      });
      engine.moveTo(to);
      hand.drag(to);
      return;
    }
    case "act":
      if (plane !== undefined && hand.press(place, plane)) hand.lift(place, false);
  }
}
