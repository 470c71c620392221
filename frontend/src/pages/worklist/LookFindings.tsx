import { Button, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { api, type Schemas } from "@/api/client";
import { messageOf } from "@/api/errors";
import { useMay } from "@/app/session";
import { FindingChip } from "@/components/FindingChip";
import { useFormat } from "@/i18n/format";

import { chipsOf } from "./chips";
import classes from "./QuickLook.module.css";
import { useRefresh } from "./useWorklist";

type Finding = Schemas["FindingOut"];

/** Every finding, and who has seen it. */
export function LookFindings({ studyId, findings }: { studyId: number; findings: Finding[] }) {
  const { t } = useTranslation("worklist");
  const format = useFormat();
  const mayOperate = useMay("operate");
  const acknowledge = useAcknowledge(studyId);
  const inOrder = chipsOf(
    findings.map((one) => ({ ...one, acknowledged: one.acknowledged_at != null })),
    findings.length,
  ).shown;
  return (
    <section>
      <Title order={3} size="h6" mb={6}>
        {t("look.findings")}
      </Title>
      {inOrder.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("look.noFindings")}
        </Text>
      )}
      {inOrder.map((finding) => (
        <div key={finding.id} className={classes.finding}>
          <FindingChip finding={finding} />
          {finding.acknowledged_at ? (
            <Text size="xs" c="dimmed" ta="right">
              {t("look.acknowledgedBy", {
                who: finding.acknowledged_by.replace(/^user:/, ""),
                when: format.dateTime(finding.acknowledged_at),
              })}
            </Text>
          ) : (
            mayOperate && (
              <Button
                size="compact-xs"
                variant="light"
                loading={acknowledge.isPending && acknowledge.variables === finding.id}
                onClick={() => acknowledge.mutate(finding.id)}
              >
                {t("look.acknowledge")}
              </Button>
            )
          )}
        </div>
      ))}
    </section>
  );
}

function useAcknowledge(studyId: number) {
  const { t } = useTranslation("worklist");
  const queries = useQueryClient();
  const refresh = useRefresh();
  const post = api.useMutation(
    "post",
    "/api/v1/studies/{study_id}/findings/{finding_id}/acknowledge",
    {
      onSuccess: () => {
        void queries.invalidateQueries({ queryKey: ["get", "/api/v1/studies/{study_id}"] });
        refresh();
      },
      onError: (error: unknown) =>
        notifications.show({
          color: "red",
          title: t("look.acknowledge"),
          message: messageOf(error),
        }),
    },
  );
  return {
    isPending: post.isPending,
    variables: post.variables?.params.path.finding_id,
    mutate: (findingId: number) =>
      post.mutate({
        params: { path: { study_id: studyId, finding_id: findingId } },
        body: { note: "" },
      }),
  };
}
