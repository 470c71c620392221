import { Alert, Progress, Stack, Text } from "@mantine/core";
import { IconAlertOctagon } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { Facts } from "@/components/Facts";
import { Section } from "@/components/Section";
import { useFormat } from "@/i18n/format";

/** Below this many times the reserve, it is time to make room. */
const TIGHT = 3;

/** Room for images, and the reserve below which nothing more is taken in. */
export function DiskSection({ disk }: { disk: Schemas["Disk"] }) {
  const { t } = useTranslation("system");
  const format = useFormat();
  const used = 1 - disk.free_bytes / disk.total_bytes;
  const tight = disk.free_bytes < TIGHT * disk.reserve_bytes;
  return (
    <Section title={t("disk.title")}>
      <Stack gap="xs">
        {!disk.receiving && (
          <Alert color="red" icon={<IconAlertOctagon />} p="xs">
            {t("disk.full")}
          </Alert>
        )}
        <Text fw={600}>
          {t("disk.free", {
            free: format.bytes(disk.free_bytes),
            total: format.bytes(disk.total_bytes),
          })}
        </Text>
        <Progress
          value={used * 100}
          color={!disk.receiving ? "red" : tight ? "orange" : undefined}
          aria-label={t("disk.used", { share: format.percent(used) })}
        />
        <Facts
          facts={[
            [t("disk.usedName"), format.percent(used)],
            [t("disk.reserve"), format.bytes(disk.reserve_bytes)],
            [t("disk.receiving"), t(disk.receiving ? "yes" : "no")],
          ]}
        />
      </Stack>
    </Section>
  );
}
