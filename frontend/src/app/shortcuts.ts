/** Every keyboard shortcut, by page; the help page lists them. */

export interface Shortcut {
  /** Alternatives; keys of one alternative are pressed one after another. */
  keys: readonly (readonly string[])[];
  /** Text, with its namespace: `worklist:shortcuts.search`. */
  text: string;
}

export type ShortcutPage = "everywhere" | "worklist";

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
};
