import { Badge } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";

import { WORKING } from "./actions/commands";
import type { Study } from "./queries";

const COLOURS: Partial<Record<Study["state"], string>> = {
  done: "teal",
  failed: "red",
  held: "red",
  refused: "orange",
  receiving: "blue",
  queued: "blue",
};

/** The state in words, and how far the work got. */
export function StateBadge({ study }: { study: Study }) {
  const { t } = useTranslation("terms");
  const format = useFormat();
  const working = WORKING.includes(study.state);
  return (
    <Badge
      size="sm"
      variant="light"
      color={COLOURS[study.state] ?? (working ? "bifrost" : "gray")}
      data-state={study.state}
    >
      {t(`state.${study.state}`)}
      {working && ` ${format.percent(study.progress)}`}
    </Badge>
  );
}
