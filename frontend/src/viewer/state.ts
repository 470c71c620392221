/** What the viewer shows, and how it changes: one value, pure functions. */
import type { JumpTarget, LabelMap, Structure } from "./manifest";
import type { WindowLevel } from "./windows";

export const LAYOUTS = ["axial", "coronal", "sagittal", "render", "grid"] as const;
export type Layout = (typeof LAYOUTS)[number];
export const TOOLS = ["crosshair", "window", "pan", "measure"] as const;
export type Tool = (typeof TOOLS)[number];

/** A structure: its label in its label map. */
export type StructureKey = `${string}/${number}`;

export interface ViewerState {
  layout: Layout;
  tool: Tool;
  window: WindowLevel | null;
  shown: ReadonlySet<StructureKey>;
  /** Of the fill, 0 to 1. */
  opacity: number;
  outline: boolean;
  masksOff: boolean;
  /** How much of the body is seen around the structures in 3-D, 0 to 1. */
  body: number;
}

export type Action =
  | { do: "layout"; layout: Layout }
  | { do: "tool"; tool: Tool }
  | { do: "window"; window: WindowLevel }
  | { do: "show"; keys: readonly StructureKey[]; on: boolean }
  | { do: "only"; keys: readonly StructureKey[] }
  | { do: "opacity"; opacity: number }
  | { do: "outline"; outline: boolean }
  | { do: "body"; body: number }
  | { do: "masks"; off: boolean }
  | { do: "jump"; target: JumpTarget }
  | { do: "reset"; to: ViewerState };

export function keyOf(map: string, label: number): StructureKey {
  return `${map}/${label}`;
}

export function isBelieved({ doubts }: Structure): boolean {
  return doubts.length === 0;
}

/** Of the structures that are believed: the others are shown one by one, by who asks for them. */
export function keysOf(map: LabelMap): StructureKey[] {
  return map.structures.filter(isBelieved).map(({ label }) => keyOf(map.name, label));
}

/** Tissue covers everything else: it is shown when asked for. */
function isShownAtFirst(map: LabelMap): boolean {
  return !map.structures.every(({ group }) => group === "tissue");
}

export function beginning(maps: readonly LabelMap[]): ViewerState {
  return {
    layout: "axial",
    tool: "crosshair",
    window: null,
    shown: new Set(maps.filter(isShownAtFirst).flatMap(keysOf)),
    opacity: 0.35,
    outline: false,
    masksOff: false,
    body: 0.25,
  };
}

export function reduce(state: ViewerState, action: Action): ViewerState {
  switch (action.do) {
    case "layout":
      return { ...state, layout: action.layout };
    case "tool":
      return { ...state, tool: action.tool };
    case "window":
      return { ...state, window: action.window };
    case "show": {
      const shown = new Set(state.shown);
      for (const key of action.keys) {
        if (action.on) shown.add(key);
        else shown.delete(key);
      }
      // Whoever asks for a structure wants to see it.
      return { ...state, shown, masksOff: state.masksOff && !action.on };
    }
    case "only":
      return { ...state, shown: new Set(action.keys), masksOff: false };
    case "opacity":
      return { ...state, opacity: Math.min(Math.max(action.opacity, 0), 1) };
    case "outline":
      return { ...state, outline: action.outline };
    case "body":
      return { ...state, body: Math.min(Math.max(action.body, 0), 1) };
    case "masks":
      return { ...state, masksOff: action.off };
    case "jump": {
      const keys = action.target.shown.map(({ map, label }) => keyOf(map, label));
      return {
        ...state,
        // A place is an axial slice; the grid shows that one too.
        layout: state.layout === "grid" ? "grid" : "axial",
        shown: keys.length > 0 ? new Set(keys) : state.shown,
        masksOff: keys.length > 0 ? false : state.masksOff,
      };
    }
    case "reset":
      return action.to;
  }
}
