import { VisuallyHidden } from "@mantine/core";
import {
  IconAlertOctagon,
  IconAlertTriangle,
  IconCheck,
  IconInfoCircle,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { useTerms } from "@/terms";

import classes from "./FindingChip.module.css";
import { titleParts } from "./titleParts";

type Chip = Pick<Schemas["Chip"], "severity" | "title" | "title_coded" | "acknowledged">;

const ICONS = {
  critical: IconAlertOctagon,
  significant: IconAlertTriangle,
  note: IconInfoCircle,
} as const;

/** A finding in a word or two; subdued once somebody has acknowledged it. */
export function FindingChip({ finding }: { finding: Chip }) {
  const { t } = useTranslation("terms");
  const terms = useTerms();
  const { severity, acknowledged } = finding;
  const Icon = acknowledged ? IconCheck : ICONS[severity];
  const title = terms.statement(finding.title_coded, finding.title);
  const { name, quantity } = titleParts(title);
  const kind = acknowledged
    ? `${t(`severity.${severity}`)}, ${t("acknowledged")}`
    : t(`severity.${severity}`);
  return (
    <span
      className={`${classes.chip} ${acknowledged ? classes.acknowledged : classes[severity]}`}
      title={`${title} (${kind})`}
    >
      <Icon size={14} aria-hidden />
      <VisuallyHidden>{kind}: </VisuallyHidden>
      <span className={classes.name}>{name}</span>
      {quantity && <span className={classes.quantity}>{quantity}</span>}
    </span>
  );
}
