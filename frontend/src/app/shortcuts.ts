/** Every keyboard shortcut, by page; the help page lists them. */
import { LAYOUT_KEYS, TOOL_KEYS } from "@/viewer/keys";

export interface Shortcut {
  /** Alternatives; keys of one alternative are pressed one after another. */
  keys: readonly (readonly string[])[];
  /** Text, with its namespace: `worklist:shortcuts.search`. */
  text: string;
}

export type ShortcutPage = "everywhere" | "worklist" | "study" | "viewer";

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
};
