import { Alert, Anchor, Group, Stack, Text } from "@mantine/core";
import {
  IconAlertOctagon,
  IconAlertTriangle,
  IconCircleCheck,
  IconInfoCircle,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Schemas } from "@/api/client";

type AlertOut = Schemas["AlertOut"];

const LOOKS = {
  critical: { color: "red", icon: <IconAlertOctagon /> },
  warning: { color: "orange", icon: <IconAlertTriangle /> },
  note: { color: "yellow", icon: <IconInfoCircle /> },
};

/** Where one looks next. */
const LEADS: Partial<Record<AlertOut["code"], string>> = {
  waiting_long: "/?state=progress&sort=state",
  failures: "/?state=failed",
  quarantine: "/system?show=quarantine#records",
  undelivered: "/system#delivery",
  peers_rejected: "/welcome",
  rules_broken: "/rules",
  weights_bundled: "/system#weights",
};

/** What somebody should look at, the worst first. */
export function Alerts({ alerts }: { alerts: readonly AlertOut[] }) {
  const { t } = useTranslation("system");
  return (
    <Stack gap="xs" component="section" aria-label={t("alerts.title")} aria-live="polite">
      {alerts.length === 0 ? (
        <Alert color="teal" icon={<IconCircleCheck />} p="xs">
          {t("alerts.none")}
        </Alert>
      ) : (
        alerts.map((alert) => <OneAlert key={alert.code} alert={alert} />)
      )}
    </Stack>
  );
}

function OneAlert({ alert }: { alert: AlertOut }) {
  const { t } = useTranslation("system");
  const { color, icon } = LOOKS[alert.severity];
  const lead = LEADS[alert.code];
  return (
    <Alert color={color} icon={icon} p="xs">
      <Group gap="xs" justify="space-between">
        <Text size="sm" flex="1 1 260px">
          <b>{t(`alerts.severity.${alert.severity}`)}.</b>{" "}
          {t(`alerts.code.${alert.code}`, { defaultValue: alert.message, ...alert.values })}
        </Text>
        {lead && (
          <Anchor component={Link} to={lead} size="sm" c="inherit" underline="always">
            {t(`alerts.lead.${alert.code}`)}
          </Anchor>
        )}
      </Group>
    </Alert>
  );
}
