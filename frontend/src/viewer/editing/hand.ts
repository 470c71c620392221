/** What a pointer or the keys do with the edit tools: the session's, on the engine's places. */
import type { Engine } from "../engine";
import type { Axis, Triple } from "../geometry";
import type { EditSession } from "./session";
import { resized, type Settings } from "./settings";
import { triple } from "./space";

export interface Hand {
  /** Whether this kind of pointer draws. */
  draws: (pointer: string) => boolean;
  /** At a place of the field of view (fractions). */
  press: (place: Triple, axis: Axis) => boolean;
  drag: (place: Triple) => void;
  lift: (place: Triple | null, wasDragged: boolean) => void;
  resize: (steps: number) => void;
}

export function handOf(
  engine: Engine,
  session: EditSession,
  settings: () => Settings,
  set: (part: Partial<Settings>) => void,
): Hand {
  const { shape } = engine.grid;
  const voxel = (place: Triple) => triple((axis) => place[axis] * shape[axis] - 0.5);
  return {
    draws: (pointer) => pointer !== "touch" || settings().fingerDraws,
    press: (place, axis) => session.press(voxel(place), axis),
    drag: (place) => session.drag(voxel(place)),
    lift: (place, wasDragged) => {
      session.lift(place && voxel(place), wasDragged);
      // The other planes show where the hand was, and the keys go on from there.
      if (place) engine.moveTo(place);
    },
    resize: (steps) => set({ sizeMm: resized(settings().sizeMm, steps) }),
  };
}
