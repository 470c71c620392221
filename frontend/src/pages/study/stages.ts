/** How far a run got: its stages in order, each done, going on, or still to come. */
import type { Run } from "./queries";

export const STAGES = ["prepare", "segment", "analyze", "publish"] as const;
export type Stage = (typeof STAGES)[number];

export interface StageNow {
  stage: Stage;
  seconds: number | null;
  is: "done" | "now" | "stopped" | "waiting";
}

const GOING = ["preparing", "segmenting", "analyzing", "publishing"];

export function stagesOf(run: Pick<Run, "stage" | "state" | "seconds">): StageNow[] {
  return STAGES.map((stage) => {
    const seconds = run.seconds[stage] ?? null;
    if (seconds !== null) return { stage, seconds, is: "done" };
    if (stage !== run.stage) return { stage, seconds, is: "waiting" };
    return { stage, seconds, is: GOING.includes(run.state) ? "now" : "stopped" };
  });
}

/** The revision that the results on the page were made of. */
export function resultsRevision(runs: readonly Run[]): number | null {
  return runs.find(({ state }) => state === "done")?.revision ?? null;
}
