/** What the parts of the page can do about a result, and what is known of a person's hand on it. */
import { createContext, useContext } from "react";

import type { Schemas } from "@/api/client";
import type { Compared } from "@/viewer";

import type { Corrected } from "./numbers";
import type { Corrections, Rejection } from "./queries";

/** What somebody does not believe, in the words the page has for it. */
export interface Subject {
  kind: Schemas["RejectionRecord"]["kind"];
  name: string;
  label: string;
}

export interface Hand {
  /** Unknown while it is asked for, and of a study without results. */
  overview: Corrections | undefined;
  /** A reader's page has no buttons. */
  isAllowed: boolean;
  /** Why nothing can be corrected just now; empty where it can. */
  whyNot: string;
  /** What numbers were before they were corrected, by name. */
  numbers: ReadonlyMap<string, Corrected>;
  /** Asks which vertebra it is: of one that is called so, or of one to be chosen. */
  askLevel: (level: string | null) => void;
  askWhy: (subject: Subject) => void;
  takeBack: (rejection: Pick<Rejection, "kind" | "name">) => void;
  /** Everything that was corrected, below the numbers. */
  showAll: () => void;
  /** The correction both sides of which the viewer shows. */
  compared: Compared | null;
  /** Shows both sides of a correction, by its number; 0: of all; null: the results of now. */
  compare: (number: number | null) => void;
  rejectionOf: (kind: Subject["kind"], name: string) => Rejection | undefined;
}

export const HandContext = createContext<Hand | null>(null);

export function useHand(): Hand {
  const hand = useContext(HandContext);
  if (!hand) throw new Error("no study is shown");
  return hand;
}
