import { Anchor, Badge, Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Schemas } from "@/api/client";
import { useMay } from "@/app/session";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Facts } from "@/components/Facts";
import { Section } from "@/components/Section";
import { Waiting } from "@/components/Waiting";
import { WideTable } from "@/components/WideTable";
import { useDeliverySummary } from "@/delivery/useDeliverySummary";
import { useFormat } from "@/i18n/format";

type Summary = Schemas["DeliverySummary"];

/** How results get out: who sends, and how it stands with every destination. */
export function DeliverySection() {
  const { t } = useTranslation("system");
  const administrator = useMay("admin");
  const { data, error } = useDeliverySummary();
  return (
    <div id="delivery">
      <Section
        title={t("delivery.title")}
        aside={
          administrator && (
            <Anchor component={Link} to="/destinations" size="sm">
              {t("delivery.manage")}
            </Anchor>
          )
        }
      >
        {error && <ErrorPanel error={error} />}
        {data ? <Standing summary={data} /> : !error && <Waiting />}
      </Section>
    </div>
  );
}

function Standing({ summary }: { summary: Summary }) {
  const { t } = useTranslation("system");
  const format = useFormat();
  const { deliverers_alive, undecided, awaiting_verification, destinations } = summary;
  if (destinations.length === 0) return <Text size="sm">{t("delivery.none")}</Text>;
  return (
    <Stack gap="md">
      <Facts
        facts={[
          [
            t("delivery.alive"),
            <Badge key="alive" variant="light" color={deliverers_alive > 0 ? "teal" : "red"}>
              {t(deliverers_alive > 0 ? "delivery.on" : "delivery.off")}
            </Badge>,
          ],
          [t("delivery.undecided"), format.number(undecided)],
          [t("delivery.awaiting"), format.number(awaiting_verification)],
        ]}
      />
      <WideTable label={t("delivery.title")} minWidth={560}>
        <Table.Thead>
          <Table.Tr>
            {(["destination", "waiting", "oldest", "failed", "sent"] as const).map((column) => (
              <Table.Th key={column}>{t(`delivery.${column}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {destinations.map((one) => (
            <Table.Tr key={one.name}>
              <Table.Th scope="row">
                {one.name}
                {!one.enabled && (
                  <Text size="xs" c="dimmed">
                    {t("delivery.disabled")}
                  </Text>
                )}
              </Table.Th>
              <Table.Td className="tabular">{format.number(one.waiting)}</Table.Td>
              <Table.Td>
                {one.oldest_waiting_s === null
                  ? t("delivery.nothingWaits")
                  : format.duration(one.oldest_waiting_s)}
              </Table.Td>
              <Table.Td className="tabular" c={one.failed_24h > 0 ? "red" : undefined}>
                {format.number(one.failed_24h)}
              </Table.Td>
              <Table.Td className="tabular">{format.number(one.sent_24h)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </WideTable>
    </Stack>
  );
}
