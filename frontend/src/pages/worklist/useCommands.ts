import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { messageOf } from "@/api/errors";

import { type Doing, nameOf, type Outcomes, portions, type Refusal, refusals } from "./commands";
import { useRefresh } from "./useWorklist";

export interface Refused {
  doing: Doing;
  refusals: Refusal[];
  /** Studies to which it was done all the same. */
  done: number;
}

/** Does things to studies and says what became of it. */
export function useCommands() {
  const { t } = useTranslation("worklist");
  const refresh = useRefresh();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);

  const run = async (doing: Doing, studies: readonly number[]): Promise<boolean> => {
    if (studies.length === 0) return false;
    setBusy(true);
    const answers: Outcomes[] = [];
    const action = t(`actions.${nameOf(doing)}`).replace(" …", "");
    try {
      for (const portion of portions(studies)) {
        const { data } = await http.POST("/api/v1/studies/commands", {
          body: { ...doing, studies: portion },
        });
        if (data) answers.push(data);
      }
    } catch (error) {
      notifications.show({ color: "red", title: action, message: messageOf(error) });
      return false;
    } finally {
      setBusy(false);
      refresh();
    }
    const no = refusals(answers);
    const done = answers.reduce((sum, { ok }) => sum + ok, 0);
    if (no.length > 0) setRefused({ doing, refusals: no, done });
    else notifications.show({ message: t("actions.done", { action, count: done }) });
    return no.length === 0;
  };
  return { run, busy, refused, forget: () => setRefused(null) };
}
