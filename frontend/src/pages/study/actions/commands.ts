/** What can be asked for, in which state, and by whom. */
import type { Schemas } from "@/api/client";
import type { Permission } from "@/app/session";

type State = Schemas["StudyState"];
type Row = Pick<Schemas["StudyRow"], "state" | "stat" | "flagged" | "has_results" | "unread">;

export type Command =
  | "start"
  | "cancel"
  | "retry"
  | "reprocess"
  | "stat"
  | "routine"
  | "flag"
  | "unflag"
  | "read"
  | "unread"
  | "delete";

export const WORKING: readonly State[] = ["preparing", "segmenting", "analyzing", "publishing"];
const OVER: readonly State[] = ["done", "refused", "failed", "cancelled"];

/** Who may ask for it. */
export function permissionOf(command: Command): Permission {
  return command === "delete" ? "admin" : "operate";
}

/** What makes sense now, in the order of a menu. */
export function commandsFor(study: Row): Command[] {
  const { state } = study;
  const working = WORKING.includes(state);
  const over = OVER.includes(state);
  const found: [Command, boolean][] = [
    ["start", state === "receiving"],
    ["retry", state === "failed" || state === "cancelled"],
    ["cancel", working || state === "queued"],
    ["stat", !study.stat && (!over || state === "failed")],
    ["routine", study.stat && (!over || state === "failed")],
    ["reprocess", over],
    [study.unread ? "read" : "unread", study.has_results],
    [study.flagged ? "unflag" : "flag", true],
    ["delete", !working && state !== "deleting"],
  ];
  return found.filter(([, applies]) => applies).map(([command]) => command);
}

/** The one thing that helps most in this state, if there is one. */
export function mainCommand(study: Row): Command | null {
  if (study.state === "receiving") return "start";
  return study.state === "failed" || study.state === "cancelled" ? "retry" : null;
}
