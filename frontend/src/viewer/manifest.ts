/** What there is to view of a study, as the server tells it. */
import { api, type Schemas } from "@/api/client";

export type ViewerManifest = Schemas["ViewerManifest"];
export type LabelMap = Schemas["LabelMapOut"];
export type Structure = Schemas["StructureRecord"];
/** What can be painted: also what was not found. */
export type Paintable = Schemas["AbsentStructure"];
export type ImageFile = Schemas["ImageFile"];
export type JumpTarget = Schemas["TargetOut"];

export interface Jump {
  target: JumpTarget;
  /** Grows with every click, so that the same place can be asked for twice. */
  count: number;
}

/** Asking for it is recorded as a look at the study: once per visit, not with every focus. */
export function useViewerManifest(studyId: number) {
  return api.useQuery(
    "get",
    "/api/v1/studies/{study_id}/viewer",
    { params: { path: { study_id: studyId } } },
    // openapi-fetch's types take three numbers for any count of them.
    { staleTime: Infinity, select: (sent) => sent as ViewerManifest },
  );
}

/** Two sides that are looked at: of a correction, or of all of them. */
export interface Compared {
  /** Of the correction; 0: from what the networks made to the results of now. */
  number: number;
  /** Of the results whose label maps are loaded; undefined: those of now. */
  version: number | undefined;
  /** They are those after it; else it waits, and would be put onto them. */
  isApplied: boolean;
}
