/** Which key does what while one edits; everything can be done with keys alone. */
import type { Axis, Triple } from "../geometry";
import type { Pressed } from "../keys";
import { type EditTool } from "./settings";
import { triple } from "./space";

export type EditCommand =
  | { do: "tool"; tool: EditTool }
  | { do: "size"; steps: number }
  | { do: "ball" }
  | { do: "undo" }
  | { do: "redo" }
  | { do: "save" }
  | { do: "escape" }
  | { do: "act" }
  | { do: "slice"; by: number }
  | { do: "move"; across: number; up: number };

export const EDIT_KEYS: Record<EditTool, string> = {
  brush: "b",
  eraser: "e",
  pick: "i",
  piece: "k",
  cut: "l",
  box: "n",
};
/** Voxels that Shift and an arrow go. */
const FAR = 10;

const COMMANDS: Record<string, EditCommand | undefined> = {
  ...Object.fromEntries(
    Object.entries(EDIT_KEYS).map(([tool, key]) => [key, { do: "tool", tool } as EditCommand]),
  ),
  "[": { do: "size", steps: -1 },
  "]": { do: "size", steps: 1 },
  j: { do: "ball" },
  Escape: { do: "escape" },
  Enter: { do: "act" },
  " ": { do: "act" },
  ".": { do: "slice", by: 1 },
  ",": { do: "slice", by: -1 },
};
const ARROWS: Record<string, readonly [across: number, up: number] | undefined> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** What a key asks of the tools; null is none of their business. */
export function editCommandOf(pressed: Pressed): EditCommand | null {
  const { key, ctrlKey, metaKey, altKey, shiftKey } = pressed;
  if (altKey) return null;
  if (ctrlKey || metaKey) return withControl(key.toLowerCase(), shiftKey);
  const arrow = ARROWS[key];
  if (arrow) {
    const far = shiftKey ? FAR : 1;
    return { do: "move", across: arrow[0] * far, up: arrow[1] * far };
  }
  if (shiftKey && /^\p{L}$/u.test(key)) return null;
  return COMMANDS[key.length === 1 ? key.toLowerCase() : key] ?? null;
}

function withControl(key: string, shiftKey: boolean): EditCommand | null {
  if (key === "z") return { do: shiftKey ? "redo" : "undo" };
  if (key === "y" && !shiftKey) return { do: "redo" };
  return key === "s" && !shiftKey ? { do: "save" } : null;
}

/** Voxels to go along right, anterior, superior for a way on the screen: the patient faces us. */
export function wayOf(plane: Axis, across: number, up: number): Triple {
  const horizontal: Axis = plane === 0 ? 1 : 0;
  const vertical: Axis = plane === 2 ? 1 : 2;
  return triple((axis) => (axis === horizontal ? 0 - across : axis === vertical ? up : 0));
}
