import type { RowSelectionState } from "@tanstack/react-table";
import type { Dispatch, RefObject, SetStateAction } from "react";

import { useMay } from "@/app/session";

import { type Doing, ROUTINE, STAT } from "./commands";
import type { KeyAction } from "./keys";
import type { RowActions } from "./rowActions";
import { useKeys } from "./useKeys";
import type { Study } from "./useWorklist";

interface Props {
  /** The one the keys are about. */
  study: Study | undefined;
  looked: number | null;
  setLooked: (studyId: number | null) => void;
  move: (step: 1 | -1, focus: boolean) => number | null;
  setSelection: Dispatch<SetStateAction<RowSelectionState>>;
  actions: RowActions;
  run: (doing: Doing, studyId: number) => void;
  refresh: () => void;
  searchField: RefObject<HTMLInputElement | null>;
}

/** What the keys do on the worklist. */
export function useWorklistKeys(props: Props): void {
  const { study, looked, setLooked, setSelection } = props;
  const mayOperate = useMay("operate");

  const step = (by: 1 | -1) => {
    const now = props.move(by, looked === null);
    if (looked !== null && now !== null) setLooked(now);
  };
  const withStudy: Partial<Record<KeyAction, (study: Study) => void>> = {
    open: (one) => props.actions.open(one),
    look: (one) => setLooked(looked === null ? one.id : null),
    select: ({ id }) =>
      setSelection(({ [String(id)]: was, ...others }) =>
        was ? others : { ...others, [String(id)]: true },
      ),
    unread: ({ id, unread }) => {
      if (mayOperate) props.run({ action: "read", on: unread }, id);
    },
    stat: ({ id, stat }) => {
      if (mayOperate) props.run({ action: "priority", priority: stat ? ROUTINE : STAT }, id);
    },
  };
  useKeys((action) => {
    if (action === "next") step(1);
    else if (action === "previous") step(-1);
    else if (action === "refresh") props.refresh();
    else if (action === "search") {
      props.searchField.current?.focus();
      props.searchField.current?.select();
    } else if (action === "escape") {
      if (looked === null) setSelection({});
    } else if (study) withStudy[action]?.(study);
  });
}
