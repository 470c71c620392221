/** The viewer's keys, while nobody writes. */
import { type RefObject, useEffect, useRef } from "react";

import { type Command, commandOf } from "./keys";

/** Longer than this is held, not pressed. */
const HELD_MS = 350;
/** `g` begins the addresses of the pages (`g w`): what follows is not for the viewer. */
const AFTER_G_MS = 1000;
/** These move pages and lists: they are the viewer's only where it has the focus. */
const NEEDS_FOCUS: ReadonlySet<Command["do"]> = new Set(["scroll", "zoom", "clear"]);
const WRITING = "input, textarea, select, [contenteditable], [role=slider], [role=menu], dialog";

export function useKeys(
  root: RefObject<HTMLElement | null>,
  run: (command: Command) => void,
  isComparing: boolean,
): void {
  const latest = useRef({ run, isComparing });
  useEffect(() => {
    latest.current = { run, isComparing };
  });
  useEffect(() => {
    let gAt = -Infinity;
    let heldSince: number | null = null;
    const isOurs = (target: EventTarget | null, command: Command) => {
      if (!(target instanceof Element)) return false;
      if (target.matches(WRITING) || target.closest("[role=dialog]")) return false;
      const isInside = root.current?.contains(target) ?? false;
      return isInside || (!NEEDS_FOCUS.has(command.do) && target.matches("body, main"));
    };
    const onDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      if (event.key === "g") gAt = event.timeStamp;
      const command = commandOf(event, latest.current.isComparing);
      if (!command || event.timeStamp - gAt < AFTER_G_MS || !isOurs(event.target, command)) return;
      event.preventDefault();
      if (command.do === "masks") {
        if (event.repeat) return;
        heldSince = event.timeStamp;
      }
      if (!event.repeat || command.do === "scroll" || command.do === "zoom")
        latest.current.run(command);
    };
    const onUp = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "m" || heldSince === null) return;
      const wasHeld = event.timeStamp - heldSince > HELD_MS;
      heldSince = null;
      if (wasHeld) latest.current.run({ do: "masks" });
    };
    window.addEventListener("keydown", onDown);
    window.addEventListener("keyup", onUp);
    return () => {
      window.removeEventListener("keydown", onDown);
      window.removeEventListener("keyup", onUp);
    };
  }, [root]);
}
