import { Button, Group, Text } from "@mantine/core";
import { IconEye, IconFocus2 } from "@tabler/icons-react";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";

import { Acknowledgement } from "@/components/Acknowledgement";
import { unitOfName, useTerms } from "@/terms";

import { HandMenu } from "../corrections/HandMenu";
import { levelOfFinding } from "../corrections/levels";
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
  const evidence = Object.entries(finding.evidence).flatMap(([name, value]) =>
    // Any stone at all, say, is no limit to be quoted.
    value === null || (name === "limit" && value === 0) ? [] : [[name, value] as const],
  );
  // What decided comes first; its limits have its unit.
  const unit = unitOfName(evidence[0]?.[0] ?? "");

  return (
    <li
      className={[classes.card, classes[finding.severity], seen && classes.seen]
        .filter(Boolean)
        .join(" ")}
      data-finding={finding.code}
    >
      <Group gap={8} wrap="nowrap" align="flex-start" justify="space-between">
        <h3 className={classes.title}>{terms.statement(finding.title_coded, finding.title)}</h3>
        <Group gap={4} wrap="nowrap">
          <SeverityBadge severity={finding.severity} />
          <HandMenu
            subjects={[{ kind: "finding", name: finding.code, label: terms.finding(finding.code) }]}
            level={levelOfFinding(finding, study.results?.measurements ?? [])}
          />
        </Group>
      </Group>
      {evidence.length > 0 && (
        <dl className={classes.evidence}>
          {evidence.map(([name, value]) => (
            <Fragment key={name}>
              <dt>{terms.evidence(name)}</dt>
              <dd>
                {name.startsWith("limit") && typeof value === "number"
                  ? terms.limit(value, unit)
                  : terms.fact(name, value)}
              </dd>
            </Fragment>
          ))}
        </dl>
      )}
      {finding.reference && (
        <Text size="xs" c="dimmed">
          {t("finding.source", { source: finding.reference })}
        </Text>
      )}
      {terms.statements(finding.caveats_coded, finding.caveats).map((caveat) => (
        <Text key={caveat} size="xs" c="dimmed">
          {t("finding.caveat", { caveat })}
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
