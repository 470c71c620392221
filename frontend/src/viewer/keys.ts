/** Which key does what. */
import type { Layout, Tool } from "./state";

export type Command =
  | { do: "layout"; layout: Layout }
  | { do: "tool"; tool: Tool }
  | { do: "preset"; index: number }
  | { do: "scroll"; by: number }
  | { do: "zoom"; by: number }
  | { do: "masks" }
  | { do: "outline" }
  | { do: "reset" }
  | { do: "clear" }
  | { do: "fullscreen" }
  | { do: "search" }
  | { do: "compare"; what: CompareCommand };

/** What is done while both sides of a correction are looked at. */
export type CompareCommand = "flip" | "mark" | "previous" | "next" | "largest";

export const LAYOUT_KEYS: Record<Layout, string> = {
  axial: "a",
  coronal: "c",
  sagittal: "s",
  render: "v",
  grid: "q",
};
export const TOOL_KEYS: Record<Tool, string> = {
  crosshair: "x",
  window: "w",
  pan: "p",
  measure: "d",
};
export const COMPARE_KEYS: Record<CompareCommand, string> = {
  flip: "b",
  mark: "h",
  previous: ",",
  next: ".",
  largest: "l",
};
/** Slices of a page. */
const PAGE = 10;

const COMMANDS: Record<string, Command | undefined> = {
  ...Object.fromEntries(
    Object.entries(LAYOUT_KEYS).map(([layout, key]) => [key, { do: "layout", layout } as Command]),
  ),
  ...Object.fromEntries(
    Object.entries(TOOL_KEYS).map(([tool, key]) => [key, { do: "tool", tool } as Command]),
  ),
  ArrowUp: { do: "scroll", by: 1 },
  ArrowRight: { do: "scroll", by: 1 },
  ArrowDown: { do: "scroll", by: -1 },
  ArrowLeft: { do: "scroll", by: -1 },
  PageUp: { do: "scroll", by: PAGE },
  PageDown: { do: "scroll", by: -PAGE },
  Home: { do: "scroll", by: Infinity },
  End: { do: "scroll", by: -Infinity },
  "+": { do: "zoom", by: 1 },
  "=": { do: "zoom", by: 1 },
  "-": { do: "zoom", by: -1 },
  m: { do: "masks" },
  o: { do: "outline" },
  r: { do: "reset" },
  f: { do: "fullscreen" },
  "/": { do: "search" },
  Backspace: { do: "clear" },
};

/** Some are edit tools' as well: nobody edits what is compared. */
const COMPARE_COMMANDS: Record<string, Command | undefined> = Object.fromEntries(
  Object.entries(COMPARE_KEYS).map(([what, key]) => [key, { do: "compare", what } as Command]),
);

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** What a key asks of the viewer; null is none of its business. */
export function commandOf(pressed: Pressed, isComparing = false): Command | null {
  const { key, ctrlKey, metaKey, altKey, shiftKey } = pressed;
  if (ctrlKey || metaKey || altKey) return null;
  // Shift takes part in signs (`+`); with a letter it is another key.
  if (shiftKey && /^\p{L}$/u.test(key)) return null;
  if (/^[1-9]$/.test(key)) return { do: "preset", index: Number(key) - 1 };
  const name = key.length === 1 ? key.toLowerCase() : key;
  return COMMANDS[name] ?? (isComparing ? COMPARE_COMMANDS[name] : null) ?? null;
}
