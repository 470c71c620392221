import { Button, Group, Text } from "@mantine/core";
import { IconEye, IconFocus2 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Acknowledgement } from "@/components/Acknowledgement";
import { unitOfName, unitText, useTerms } from "@/terms";

import type { Finding } from "../queries";
import { useStudyView } from "../view";
import classes from "./Findings.module.css";
import { SeverityBadge } from "./SeverityBadge";

/** A finding: how urgent, what it rests on, where it is, and who has seen it. */
export function FindingCard({ finding }: { finding: Finding }) {
  const { t } = useTranslation("study");
  const terms = useTerms();
  const { study, targets, jump, openedAt } = useStudyView();
  const target = targets?.findings[finding.id];
  const seen = finding.acknowledged_at !== null;
  const evidence = Object.entries(finding.evidence).filter(([, value]) => value !== null);

  return (
    <li
      className={[classes.card, classes[finding.severity], seen && classes.seen]
        .filter(Boolean)
        .join(" ")}
      data-finding={finding.code}
    >
      <Group gap={8} wrap="nowrap" align="flex-start" justify="space-between">
        <h3 className={classes.title}>{terms.finding(finding.title)}</h3>
        <SeverityBadge severity={finding.severity} />
      </Group>
      {evidence.length > 0 && (
        <dl className={classes.evidence}>
          {evidence.map(([name, value]) => (
            <EvidenceRow key={name} name={name} value={value} />
          ))}
        </dl>
      )}
      {finding.reference && (
        <Text size="xs" c="dimmed">
          {t("finding.source", { source: finding.reference })}
        </Text>
      )}
      {finding.caveats.map((caveat) => (
        <Text key={caveat} size="xs" c="dimmed">
          {t("finding.caveat", { caveat: terms.notice(caveat) })}
        </Text>
      ))}
      {openedAt === finding.id && (
        <Text size="xs" c="dimmed" data-opened>
          <IconEye size={13} style={{ verticalAlign: -2 }} aria-hidden /> {t("finding.opened")}
        </Text>
      )}
      <Group gap={8} mt={6} align="flex-start">
        {target && (
          <Button
            size="compact-xs"
            variant="light"
            leftSection={<IconFocus2 size={14} />}
            onClick={() => jump(target)}
          >
            {t("finding.show")}
          </Button>
        )}
        <Acknowledgement studyId={study.id} finding={finding} />
      </Group>
    </li>
  );
}

function EvidenceRow({ name, value }: { name: string; value: Finding["evidence"][string] }) {
  const terms = useTerms();
  const unit = typeof value === "number" ? unitOfName(name) : "";
  // What could not be measured is evidence as well: its reason is the value.
  const text = typeof value === "string" ? terms.reason(value) : null;
  return (
    <>
      <dt>{terms.evidence(name)}</dt>
      <dd>
        {text !== null && text !== value
          ? text
          : `${terms.value(value ?? "", unit)} ${unitText(unit)}`.trim()}
      </dd>
    </>
  );
}
