import { useEffect, useEffectEvent } from "react";

import { actionOf, type KeyAction, placeOf } from "./keys";

const SEQUENCE_MS = 1000;

/** Listens to the worklist's keys; `g` begins one of the keys that lead to another page. */
export function useKeys(act: (action: KeyAction) => void): void {
  const onAction = useEffectEvent(act);
  useEffect(() => {
    let begunAt = -SEQUENCE_MS;
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      const action = actionOf(event, placeOf(event.target as Element | null));
      const inSequence = event.timeStamp - begunAt < SEQUENCE_MS;
      begunAt = event.key === "g" ? event.timeStamp : -SEQUENCE_MS;
      if (!action || inSequence) return;
      if (action !== "escape") event.preventDefault();
      onAction(action);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}
