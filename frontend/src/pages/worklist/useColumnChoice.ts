/** Which columns are shown: what fits, unless the reader has chosen. */
import { useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { useMemo } from "react";

import type { ColumnId } from "./columns";

export type Choice = Partial<Record<ColumnId, boolean>>;

const STORED = "heimdallr.worklist.columns";

export function useColumnChoice() {
  const [chosen, setChosen] = useLocalStorage<Choice>({
    key: STORED,
    defaultValue: {},
    getInitialValueInEffect: false,
    deserialize: choiceOf,
  });
  const wide = useMediaQuery("(min-width: 1600px)", true, { getInitialValueInEffect: false });
  const usual = useMediaQuery("(min-width: 1280px)", true, { getInitialValueInEffect: false });
  const visible = useMemo<Record<string, boolean>>(
    () => ({
      received: wide,
      accession: usual,
      regions: usual,
      turnaround: usual,
      patientId: usual,
      ...chosen,
    }),
    [wide, usual, chosen],
  );
  return {
    visible,
    show: (column: ColumnId, on: boolean) => setChosen({ ...chosen, [column]: on }),
    reset: () => setChosen({}),
    isUsual: Object.keys(chosen).length === 0,
  };
}

/** What was stored, should it be what we store. */
function choiceOf(text: string | undefined): Choice {
  try {
    const stored: unknown = JSON.parse(text ?? "{}");
    if (typeof stored !== "object" || stored === null) return {};
    return Object.fromEntries(Object.entries(stored).filter(([, on]) => typeof on === "boolean"));
  } catch {
    return {};
  }
}
