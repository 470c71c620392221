import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Finding } from "../queries";
import { FindingCard } from "./FindingCard";
import classes from "./Findings.module.css";

const ORDER = ["critical", "significant", "note"];

/** What a person should know, the most urgent first. */
export function FindingsPanel({ findings }: { findings: readonly Finding[] }) {
  const { t } = useTranslation("study");
  const sorted = findings.toSorted(
    (one, other) => ORDER.indexOf(one.severity) - ORDER.indexOf(other.severity),
  );
  return (
    <section aria-label={t("findings")}>
      {sorted.length === 0 ? (
        <Text size="sm" c="dimmed" px={12} py={10}>
          {t("noFindings")}
        </Text>
      ) : (
        <ul className={classes.list}>
          {sorted.map((finding) => (
            <FindingCard key={finding.id} finding={finding} />
          ))}
        </ul>
      )}
    </section>
  );
}
