/** Which key asks for what on the worklist. */

export type KeyAction =
  | "search"
  | "next"
  | "previous"
  | "open"
  | "look"
  | "select"
  | "stat"
  | "unread"
  | "refresh"
  | "escape";

/** Where the focus is: in a field, on something that is pressed, in another dialog, elsewhere. */
export type Place = "field" | "button" | "dialog" | "list";

interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

const ANYWHERE: Record<string, KeyAction> = {
  "/": "search",
  j: "next",
  k: "previous",
  x: "select",
  s: "stat",
  u: "unread",
  r: "refresh",
  Escape: "escape",
};
/** Keys that buttons, tabs and links have a use for themselves. */
const IN_LIST: Record<string, KeyAction> = {
  ArrowDown: "next",
  ArrowUp: "previous",
  Enter: "open",
  " ": "look",
};

export function actionOf({ key, ctrlKey, metaKey, altKey }: Pressed, place: Place) {
  if (ctrlKey || metaKey || altKey || place === "field" || place === "dialog") return null;
  return ANYWHERE[key] ?? (place === "list" ? (IN_LIST[key] ?? null) : null);
}

export function placeOf(target: Element | null): Place {
  if (target?.closest("[role=menu], [role=dialog]:not([data-quick-look]), [role=listbox]"))
    return "dialog";
  // A checkbox takes no letters.
  if (target?.closest("input:not([type=checkbox]), textarea, select, [contenteditable=true]"))
    return "field";
  return target?.closest("a, button, input, [role=tab]") ? "button" : "list";
}
