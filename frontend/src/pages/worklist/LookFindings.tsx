import { Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { Acknowledgement } from "@/components/Acknowledgement";
import { FindingChip } from "@/components/FindingChip";

import { chipsOf } from "./chips";
import classes from "./QuickLook.module.css";

type Finding = Schemas["FindingOut"];

/** Every finding, and who has seen it. */
export function LookFindings({ studyId, findings }: { studyId: number; findings: Finding[] }) {
  const { t } = useTranslation("worklist");
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
          <div className={classes.acknowledgement}>
            <Acknowledgement studyId={studyId} finding={finding} />
          </div>
        </div>
      ))}
    </section>
  );
}
