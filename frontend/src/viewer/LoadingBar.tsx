import { Alert, Progress as Bar } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { messageOf } from "@/api/errors";
import { useFormat } from "@/i18n/format";

import { mapName } from "./names";
import type { Progress, Trouble } from "./useStudyImages";
import classes from "./Viewer.module.css";

/** What is on its way, and what did not come. */
export function LoadingBar({ progress }: { progress: Progress }) {
  const { t } = useTranslation("viewer");
  const format = useFormat();
  const { stage, received, total } = progress;
  const isLoading = stage !== "done" && progress.error === null;
  return (
    <>
      {progress.troubles.length > 0 && <Troubles troubles={progress.troubles} />}
      {isLoading && (
        <div className={classes.loading} role="status" data-stage={stage}>
          <span>
            {stage === "program"
              ? t("loading.program")
              : t("loading.progress", {
                  what: t(`loading.${stage}`),
                  received: format.bytes(received),
                  total: format.bytes(total),
                })}
          </span>
          <Bar
            value={total ? (100 * received) / total : 0}
            size={4}
            w={140}
            aria-label={t(`loading.${stage}`)}
          />
        </div>
      )}
    </>
  );
}

function Troubles({ troubles }: { troubles: readonly Trouble[] }) {
  const { t } = useTranslation("viewer");
  const [isClosed, setClosed] = useState(0);
  if (isClosed >= troubles.length) return null;
  const textOf = (trouble: Trouble) => {
    if (trouble.what === "large") return t("error.large");
    const what =
      trouble.what === "volume"
        ? t("error.volume")
        : t("error.labels", { name: mapName(t, trouble.map) });
    return `${what}: ${messageOf(trouble.error)}`;
  };
  return (
    <Alert
      className={classes.troubles}
      color="yellow"
      icon={<IconAlertTriangle />}
      withCloseButton
      onClose={() => setClosed(troubles.length)}
    >
      {troubles.map((trouble) => (
        <div key={textOf(trouble)}>{textOf(trouble)}</div>
      ))}
    </Alert>
  );
}
