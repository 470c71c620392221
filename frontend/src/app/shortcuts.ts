/** Every keyboard shortcut, by page; the help page lists them. */
import { EDIT_KEYS } from "@/viewer/editing/editKeys";
import { COMPARE_KEYS, LAYOUT_KEYS, TOOL_KEYS } from "@/viewer/keys";

export interface Shortcut {
  /** Alternatives; keys of one alternative are pressed one after another. */
  keys: readonly (readonly string[])[];
  /** Text, with its namespace: `worklist:shortcuts.search`. */
  text: string;
}

export type ShortcutPage = "everywhere" | "worklist" | "study" | "viewer" | "edit" | "compare";

export const SHORTCUTS: Record<ShortcutPage, readonly Shortcut[]> = {
  everywhere: [
    { keys: [["g", "w"]], text: "common:nav.worklist" },
    { keys: [["g", "e"]], text: "common:nav.explorer" },
    { keys: [["g", "s"]], text: "common:nav.system" },
    { keys: [["?"]], text: "common:nav.help" },
  ],
  worklist: [
    { keys: [["/"]], text: "worklist:shortcuts.search" },
    { keys: [["j"], ["↓"], ["k"], ["↑"]], text: "worklist:shortcuts.move" },
    { keys: [["Enter"]], text: "worklist:shortcuts.open" },
    { keys: [["Space"]], text: "worklist:shortcuts.look" },
    { keys: [["x"]], text: "worklist:shortcuts.select" },
    { keys: [["s"]], text: "worklist:shortcuts.stat" },
    { keys: [["u"]], text: "worklist:shortcuts.unread" },
    { keys: [["r"]], text: "worklist:shortcuts.refresh" },
    { keys: [["Esc"]], text: "worklist:shortcuts.escape" },
  ],
  study: [
    { keys: [["t"]], text: "study:shortcuts.find" },
    { keys: [["["], ["]"]], text: "study:shortcuts.neighbours" },
    { keys: [["u"]], text: "study:shortcuts.unread" },
    { keys: [["Shift+R"]], text: "study:shortcuts.report" },
  ],
  viewer: [
    { keys: Object.values(LAYOUT_KEYS).map((key) => [key]), text: "viewer:shortcuts.layout" },
    { keys: Object.values(TOOL_KEYS).map((key) => [key]), text: "viewer:shortcuts.tool" },
    { keys: [["↑"], ["↓"], ["Page Up"], ["Page Down"]], text: "viewer:shortcuts.scroll" },
    { keys: [["+"], ["-"]], text: "viewer:shortcuts.zoom" },
    { keys: [["1"], ["…"], ["6"]], text: "viewer:shortcuts.presets" },
    { keys: [["m"]], text: "viewer:shortcuts.masks" },
    { keys: [["o"]], text: "viewer:shortcuts.outline" },
    { keys: [["/"]], text: "viewer:shortcuts.search" },
    { keys: [["Backspace"]], text: "viewer:shortcuts.clear" },
    { keys: [["r"]], text: "viewer:shortcuts.reset" },
    { keys: [["f"]], text: "viewer:shortcuts.fullscreen" },
  ],
  edit: [
    { keys: Object.values(EDIT_KEYS).map((key) => [key]), text: "viewer:edit.shortcuts.tools" },
    { keys: [["Enter"], ["Space"]], text: "viewer:edit.shortcuts.act" },
    { keys: [["←"], ["→"], ["↑"], ["↓"]], text: "viewer:edit.shortcuts.move" },
    { keys: [[","], ["."]], text: "viewer:edit.shortcuts.slice" },
    { keys: [["["], ["]"]], text: "viewer:edit.shortcuts.size" },
    { keys: [["j"]], text: "viewer:edit.shortcuts.ball" },
    { keys: [["Ctrl+Z"], ["Ctrl+Shift+Z"]], text: "viewer:edit.shortcuts.undo" },
    { keys: [["Ctrl+S"]], text: "viewer:edit.shortcuts.save" },
    { keys: [["Esc"]], text: "viewer:edit.shortcuts.escape" },
  ],
  compare: [
    { keys: [[COMPARE_KEYS.flip]], text: "viewer:compare.shortcuts.flip" },
    { keys: [[COMPARE_KEYS.mark]], text: "viewer:compare.shortcuts.mark" },
    {
      keys: [[COMPARE_KEYS.previous], [COMPARE_KEYS.next]],
      text: "viewer:compare.shortcuts.slice",
    },
    { keys: [[COMPARE_KEYS.largest]], text: "viewer:compare.shortcuts.largest" },
  ],
};
