import { Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { FindingChip } from "@/components/FindingChip";
import { StudyProgress } from "@/components/StudyProgress";

import classes from "./Meanings.module.css";

const STATES = [
  "receiving",
  "queued",
  "preparing",
  "segmenting",
  "analyzing",
  "publishing",
  "done",
  "refused",
  "failed",
  "cancelled",
  "held",
  "stored",
  "sending",
  "sent",
] as const;
const STATUSES = ["measured", "not_applicable", "not_assessable", "failed"] as const;
const SEVERITIES = ["critical", "significant", "note"] as const;

/** What the worklist says about a study, in the looks it has there. */
export function States() {
  const { t } = useTranslation("help");
  return (
    <Meanings
      rows={STATES.map((state) => [
        state,
        <StudyProgress key={state} study={{ state, progress: 0.4, remaining_s: null }} />,
        t(`states.${state}`),
      ])}
    />
  );
}

/** Why a measurement has a value, or has none. */
export function Measurements() {
  const { t } = useTranslation(["help", "terms"]);
  return (
    <Stack gap="sm">
      <Text size="sm" fw={600}>
        {t("measurements.never")}
      </Text>
      <Meanings
        rows={STATUSES.map((status) => [
          status,
          t(`terms:status.${status}`),
          t(`measurements.${status}`),
        ])}
      />
      <Text size="sm">{t("measurements.bleed")}</Text>
    </Stack>
  );
}

/** How urgent a finding is. */
export function Findings() {
  const { t } = useTranslation(["help", "terms"]);
  return (
    <Stack gap="sm">
      <Meanings
        rows={[
          ...SEVERITIES.map(
            (severity) =>
              [
                severity,
                <FindingChip
                  key={severity}
                  finding={{
                    severity,
                    title: t(`terms:severity.${severity}`),
                    title_coded: null,
                    acknowledged: false,
                  }}
                />,
                t(`findings.${severity}`),
              ] as const,
          ),
          [
            "acknowledged",
            <FindingChip
              key="acknowledged"
              finding={{
                severity: "critical",
                title: t("terms:acknowledged"),
                title_coded: null,
                acknowledged: true,
              }}
            />,
            t("findings.acknowledged"),
          ],
        ]}
      />
      <Text size="sm">{t("findings.prompts")}</Text>
    </Stack>
  );
}

function Meanings({ rows }: { rows: readonly (readonly [string, ReactNode, string])[] }) {
  return (
    <dl className={classes.meanings}>
      {rows.map(([key, sign, meaning]) => (
        <div key={key}>
          <dt>{sign}</dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}
