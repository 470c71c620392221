/** What all parts of the page share: the study, its places in the viewer, the patient's past. */
import { createContext, useContext } from "react";

import type { Schemas } from "@/api/client";
import type { JumpTarget } from "@/viewer";

import type { History, Study } from "./queries";

export interface StudyView {
  study: Study;
  targets: Schemas["Targets"] | undefined;
  history: History | undefined;
  /** Shows a place in the viewer. */
  jump: (target: JumpTarget) => void;
  /** The finding the images opened at by themselves, until the reader goes elsewhere. */
  openedAt: number | null;
}

export const StudyViewContext = createContext<StudyView | null>(null);

export function useStudyView(): StudyView {
  const view = useContext(StudyViewContext);
  if (!view) throw new Error("no study is shown");
  return view;
}
