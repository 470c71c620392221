import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Finding } from "../queries";
import { FindingCard } from "./FindingCard";
import classes from "./Findings.module.css";
import { byUrgency } from "./urgency";

/** What a person should know, the most urgent first. */
export function FindingsPanel({ findings }: { findings: readonly Finding[] }) {
  const { t } = useTranslation("study");
  return (
    <section aria-label={t("findings")}>
      {findings.length === 0 ? (
        <Text size="sm" c="dimmed" px={12} py={10}>
          {t("noFindings")}
        </Text>
      ) : (
        <ul className={classes.list}>
          {byUrgency(findings).map((finding) => (
            <FindingCard key={finding.id} finding={finding} />
          ))}
        </ul>
      )}
    </section>
  );
}
