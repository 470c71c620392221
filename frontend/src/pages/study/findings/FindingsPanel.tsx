import { Text, VisuallyHidden } from "@mantine/core";
import { useId } from "react";
import { useTranslation } from "react-i18next";

import { RejectedFindings } from "../corrections/RejectedFindings";
import type { Finding } from "../queries";
import { FindingCard } from "./FindingCard";
import classes from "./Findings.module.css";
import { byUrgency } from "./urgency";

/** What a person should know, the most urgent first. */
export function FindingsPanel({ findings }: { findings: readonly Finding[] }) {
  const { t } = useTranslation("study");
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <VisuallyHidden component="h2" id={id}>
        {t("findings")}
      </VisuallyHidden>
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
      <RejectedFindings />
    </section>
  );
}
