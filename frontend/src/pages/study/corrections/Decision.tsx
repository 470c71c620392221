import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { Refusal } from "@/components/Refusal";
import { useRun } from "@/components/useSubmit";

import { useHand } from "./hand";
import type { Correction } from "./queries";
import { useSaving, useTold } from "./useSaving";

/** Take a proposal, make an earlier correction again, or put it aside. */
export function Decision({ studyId, correction }: { studyId: number; correction: Correction }) {
  const { t } = useTranslation("corrections");
  const { overview, isAllowed, whyNot } = useHand();
  const save = useSaving(studyId);
  const told = useTold();
  const { number, state } = correction;
  const init = { params: { path: { study_id: studyId, number } } };
  const accept = useRun(async () =>
    told(
      await save(() =>
        http.POST("/api/v1/studies/{study_id}/corrections/{number}/accept", {
          ...init,
          body: { base: overview?.base ?? "" },
        }),
      ),
    ),
  );
  const decline = useRun(() =>
    save(() => http.POST("/api/v1/studies/{study_id}/corrections/{number}/decline", init)),
  );
  if (!isAllowed || !overview) return null;
  return (
    <>
      <Button
        size="compact-sm"
        loading={accept.busy}
        disabled={!overview.can_correct || decline.busy}
        title={whyNot || undefined}
        onClick={accept.run}
      >
        {t(state === "failed" ? "decide.again" : "decide.accept")}
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        loading={decline.busy}
        disabled={accept.busy}
        onClick={decline.run}
      >
        {t("decide.decline")}
      </Button>
      <Refusal error={accept.error || decline.error} />
    </>
  );
}
