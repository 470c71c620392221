import { Badge, VisuallyHidden } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { api, BACKGROUND } from "@/api/client";

const EVERY_MS = 60_000;

/** How much on the system page needs somebody; nothing when nothing does. */
export function AlertBadge() {
  const { t } = useTranslation();
  const { data } = api.useQuery("get", "/api/v1/system", BACKGROUND, { refetchInterval: EVERY_MS });
  const serious = data?.alerts.filter((alert) => alert.severity !== "note") ?? [];
  if (serious.length === 0) return null;
  const critical = serious.some((alert) => alert.severity === "critical");
  return (
    <Badge size="sm" circle color={critical ? "red.8" : "orange.9"} ml={6}>
      <span aria-hidden>{serious.length}</span>
      <VisuallyHidden>{t("nav.alerts", { count: serious.length })}</VisuallyHidden>
    </Badge>
  );
}
