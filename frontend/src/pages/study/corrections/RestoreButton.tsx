import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { ConfirmDialog, type Question } from "@/components/ConfirmDialog";

import { ofStudy, type Study } from "../queries";
import { useHand } from "./hand";
import { useSaving, useTold } from "./useSaving";

/** Back to an earlier version, as a further correction; asks first, as every number follows. */
export function RestoreButton({ study, version }: { study: Study; version: number }) {
  const { t } = useTranslation("corrections");
  const { overview, isAllowed } = useHand();
  const save = useSaving(study.id);
  const told = useTold();
  const [question, setQuestion] = useState<Question | null>(null);
  if (!isAllowed || !overview?.can_correct) return null;
  const { base } = overview;
  const ask = () =>
    setQuestion({
      title: version === 0 ? t("restore.titleNetworks") : t("restore.title", { number: version }),
      text: t("restore.text"),
      action: t("restore.do"),
      run: async () => {
        const init = { ...ofStudy(study.id), body: { base, version, comment: "" } };
        told(await save(() => http.POST("/api/v1/studies/{study_id}/corrections/restore", init)));
      },
    });
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={ask}>
        {t("restore.open")}
      </Button>
      <ConfirmDialog question={question} onClose={() => setQuestion(null)} />
    </>
  );
}
