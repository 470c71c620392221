import { useHotkeys } from "@mantine/hooks";
import { useNavigate } from "react-router";

import { lastWorklist } from "@/app/lastWorklist";

export interface Neighbours {
  /** Whether one came from a list of several. */
  known: boolean;
  /** Where the worklist was, with its search and filters. */
  back: string;
  previous?: () => void;
  next?: () => void;
}

/** The studies before and after this one in the list one came from; keys `[` and `]`. */
export function useNeighbours(studyId: number): Neighbours {
  const { ids, address } = lastWorklist();
  const navigate = useNavigate();
  const at = ids.indexOf(studyId);
  const to = (id: number | undefined) =>
    at < 0 || id === undefined ? undefined : () => void navigate(`/studies/${id}`);
  const previous = to(ids[at - 1]);
  const next = to(ids[at + 1]);
  useHotkeys([
    ["[", () => previous?.()],
    ["]", () => next?.()],
  ]);
  return { known: at >= 0 && ids.length > 1, back: address, previous, next };
}
