import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Ago } from "@/components/Ago";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Page } from "@/components/Page";
import { useHashTarget } from "@/components/useHashTarget";
import { Waiting } from "@/components/Waiting";

import { AgreementSection } from "./AgreementSection";
import { Alerts } from "./Alerts";
import { DeliverySection } from "./DeliverySection";
import { DicomSection } from "./DicomSection";
import { DiskSection } from "./DiskSection";
import { useSystem } from "./queries";
import { QueueSection } from "./QueueSection";
import { Records } from "./Records";
import classes from "./SystemPage.module.css";
import { VersionsSection } from "./VersionsSection";
import { WeightsSection } from "./WeightsSection";
import { WorkersSection } from "./WorkersSection";

/** How the system is: first what needs somebody, then what works, then what happened. */
export function SystemPage() {
  const { t } = useTranslation("system");
  const { data: system, error, refetch, dataUpdatedAt } = useSystem();
  useHashTarget(system !== undefined);
  return (
    <Page
      title={t("title")}
      aside={
        dataUpdatedAt > 0 && (
          <Text size="xs" c="dimmed">
            {t("asOf")} <Ago at={new Date(dataUpdatedAt).toISOString()} />
          </Text>
        )
      }
    >
      {error && <ErrorPanel error={error} retry={() => void refetch()} />}
      {system ? (
        <Stack gap="md">
          <Alerts alerts={system.alerts} />
          <div className={classes.columns}>
            <Stack gap="md" miw={0}>
              <QueueSection />
              <WorkersSection />
              <DicomSection intake={system.intake} />
              <DeliverySection />
            </Stack>
            <Stack gap="md" miw={0}>
              <DiskSection disk={system.disk} />
              <WeightsSection weights={system.weights} />
              <VersionsSection system={system} />
            </Stack>
          </div>
          <AgreementSection />
          <Records />
        </Stack>
      ) : (
        !error && <Waiting />
      )}
    </Page>
  );
}
