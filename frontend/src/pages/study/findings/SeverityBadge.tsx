import { Badge } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Finding } from "../queries";

const COLOURS = { critical: "red.8", significant: "orange", note: "gray" } as const;

export function SeverityBadge({ severity }: { severity: Finding["severity"] }) {
  const { t } = useTranslation("terms");
  return (
    <Badge
      size="sm"
      color={COLOURS[severity]}
      variant={severity === "note" ? "outline" : "filled"}
      style={{ flexShrink: 0 }}
    >
      {t(`severity.${severity}`)}
    </Badge>
  );
}
