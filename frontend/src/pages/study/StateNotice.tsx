import { Alert, Text } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { WORKING } from "./actions/commands";
import type { Study } from "./queries";
import { StageProgress } from "./StageProgress";
import { resultsRevision } from "./stages";
import { WhoseImages } from "./WhoseImages";

/** Results are shown, but not the last word: newer images arrive, or the work on them failed. */
export function StateNotice({ study }: { study: Study }) {
  const { t } = useTranslation(["study", "terms"]);
  if (study.state === "done") return null;
  const revision = resultsRevision(study.runs);
  const bad = study.state === "failed" || study.state === "refused" || study.state === "held";
  return (
    <Alert
      variant="light"
      color={bad ? "red" : "blue"}
      radius={0}
      py={6}
      px={12}
      icon={<IconInfoCircle />}
      role="status"
    >
      <Text size="sm">
        {revision !== null && revision < study.revision
          ? t("superseded.newer", { shown: revision, newer: study.revision })
          : t("superseded.again")}{" "}
        {t("superseded.state", { state: t(`terms:state.${study.state}`) })}
        {study.state === "held"
          ? ` ${t("now.held.text")}`
          : study.error && <span lang="en"> {study.error}</span>}
      </Text>
      {study.state === "held" && <WhoseImages study={study} />}
      {WORKING.includes(study.state) && <StageProgress study={study} />}
    </Alert>
  );
}
