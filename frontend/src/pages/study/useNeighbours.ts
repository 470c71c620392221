import { useHotkeys } from "@mantine/hooks";
import { useLocation, useNavigate } from "react-router";

/** What the worklist hands over when it opens a study: its page's studies, and its own address. */
export interface FromWorklist {
  ids?: number[];
  from?: string;
}

export interface Neighbours {
  /** Whether the list is known at all. */
  known: boolean;
  back: string;
  previous?: () => void;
  next?: () => void;
}

/** The studies before and after this one in the list one came from; keys `[` and `]`. */
export function useNeighbours(studyId: number): Neighbours {
  const { state } = useLocation() as { state: FromWorklist | null };
  const navigate = useNavigate();
  const ids = state?.ids ?? [];
  const at = ids.indexOf(studyId);
  const to = (id: number | undefined) =>
    at < 0 || id === undefined ? undefined : () => void navigate(`/studies/${id}`, { state });
  const previous = to(ids[at - 1]);
  const next = to(ids[at + 1]);
  useHotkeys([
    ["[", () => previous?.()],
    ["]", () => next?.()],
  ]);
  return { known: at >= 0 && ids.length > 1, back: state?.from ?? "/", previous, next };
}
