import { Alert, Button, Drawer, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconFileText, IconFlask, IconRefresh } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { api } from "@/api/client";
import { useMay } from "@/app/session";
import { ErrorPanel } from "@/components/ErrorPanel";
import { readableName } from "@/components/personName";
import { StudyProgress } from "@/components/StudyProgress";
import { useTerms } from "@/terms";

import { type Doing, nameOf, ROUTINE, STAT } from "./commands";
import { LookFindings } from "./LookFindings";
import { LookNumbers } from "./LookNumbers";
import { LookPictures } from "./LookPictures";
import { StudyLine } from "./StudyLine";
import type { Study } from "./useWorklist";

interface Props {
  studyId: number | null;
  /** The row, which is there at once. */
  row: Study | undefined;
  onClose: () => void;
  onDo: (doing: Doing, studyId: number) => void;
}

/** The study at a glance, beside the list. */
export function QuickLook({ studyId, row, onClose, onDo }: Props) {
  const { t } = useTranslation("worklist");
  return (
    <Drawer
      opened={studyId !== null}
      onClose={onClose}
      position="right"
      size={460}
      title={<strong>{row ? readableName(row.patient_name) || t("row.noName") : ""}</strong>}
      overlayProps={{ backgroundOpacity: 0.25 }}
      closeButtonProps={{ "aria-label": t("look.close") }}
      attributes={{ content: { "data-quick-look": true } }}
    >
      {studyId !== null && <Look key={studyId} studyId={studyId} row={row} onDo={onDo} />}
    </Drawer>
  );
}

function Look({ studyId, row, onDo }: Omit<Props, "onClose" | "studyId"> & { studyId: number }) {
  const { t } = useTranslation("worklist");
  const terms = useTerms();
  const mayOperate = useMay("operate");
  const detail = api.useQuery("get", "/api/v1/studies/{study_id}", {
    params: { path: { study_id: studyId } },
  });
  const study = detail.data ?? row;
  if (detail.error && !detail.data)
    return <ErrorPanel error={detail.error} retry={() => void detail.refetch()} />;
  if (!study) return <Skeleton height={300} />;

  const results = detail.data?.results;
  const failed = study.state === "failed" || study.state === "refused";
  const again = mayOperate && (failed || study.state === "cancelled");
  const doings: Doing[] = [
    ...(study.has_results ? [{ action: "read" as const, on: study.unread }] : []),
    { action: "priority" as const, priority: study.stat ? ROUTINE : STAT },
  ];
  return (
    <Stack gap="md">
      <StudyLine study={study} />
      <StudyProgress study={study} />
      {study.error && (
        <Alert color="red" title={t("look.whatHappened")}>
          {study.error}
        </Alert>
      )}
      {again && (
        <Button
          size="xs"
          leftSection={<IconRefresh size={15} />}
          onClick={() => onDo({ action: "retry" }, studyId)}
        >
          {t("actions.retry")}
        </Button>
      )}
      {study.notices.length > 0 && (
        <Alert color="yellow" icon={<IconFlask size={18} />} title={t("look.notClinical")}>
          {terms.statements(study.notices_coded, study.notices).map((notice) => (
            <Text key={notice} size="sm">
              {notice}
            </Text>
          ))}
        </Alert>
      )}
      <Group gap="xs">
        <Button component={Link} to={`/studies/${studyId}`} size="xs" data-autofocus>
          {t("look.open")}
        </Button>
        {study.has_results && (
          <Button
            component={Link}
            to={`/studies/${studyId}/report`}
            size="xs"
            variant="default"
            leftSection={<IconFileText size={15} />}
          >
            {t("look.report")}
          </Button>
        )}
        {(mayOperate ? doings : []).map((doing) => (
          <Button
            key={doing.action}
            size="xs"
            variant="default"
            onClick={() => onDo(doing, studyId)}
          >
            {t(`actions.${nameOf(doing)}`)}
          </Button>
        ))}
      </Group>
      {detail.isLoading && <Skeleton height={220} />}
      {results && (
        <>
          <LookFindings studyId={studyId} findings={results.findings} />
          <LookNumbers measurements={results.measurements} />
          <LookPictures
            studyId={studyId}
            images={results.images}
            madeAt={results.provenance?.created_at}
          />
        </>
      )}
      {detail.data && !results && <Text c="dimmed">{t("look.noResults")}</Text>}
    </Stack>
  );
}
