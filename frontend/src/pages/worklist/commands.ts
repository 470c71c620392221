/** What can be done to many studies at a time, and how a large request is cut into the server's. */
import type { Schemas } from "@/api/client";

export type Doing =
  | { action: "start" | "cancel" | "retry" | "reprocess" | "delete" }
  | { action: "priority"; priority: number }
  | { action: "read" | "flag"; on: boolean };
export type Outcomes = Schemas["Outcomes"];
export type Refusal = Schemas["Outcome"];

export const STAT = 1;
export const ROUTINE = 10;
/** Studies the server takes in one request. */
const MOST = 200;

/** The key of its text. */
export function nameOf(doing: Doing): string {
  if (doing.action === "priority") return doing.priority <= STAT ? "stat" : "routine";
  if (doing.action === "read") return doing.on ? "read" : "unread";
  if (doing.action === "flag") return doing.on ? "flag" : "unflag";
  return doing.action;
}

export function portions(studies: readonly number[]): number[][] {
  const count = Math.ceil(studies.length / MOST);
  return Array.from({ length: count }, (_, index) =>
    studies.slice(index * MOST, (index + 1) * MOST),
  );
}

export function refusals(answers: readonly Outcomes[]): Refusal[] {
  return answers.flatMap(({ outcomes }) => outcomes.filter(({ outcome }) => outcome === "refused"));
}
