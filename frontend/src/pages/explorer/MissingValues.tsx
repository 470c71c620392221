import { Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";

const STATUSES = ["measured", "not_assessable", "not_applicable", "failed"] as const;

/** Less is not none. */
const LEAST = 0.01;

/** In how many studies there is a value, and why there is none in the others. */
export function MissingValues({
  byStatus,
}: {
  byStatus: Schemas["MeasurementSummary"]["by_status"];
}) {
  const { t } = useTranslation(["explorer", "terms"]);
  const format = useFormat();
  const total = STATUSES.reduce((sum, status) => sum + (byStatus[status] ?? 0), 0);
  const shareOf = (count: number) =>
    count / total < LEAST ? `< ${format.percent(LEAST)}` : format.percent(count / total);
  if (total === 0) return <Text size="sm">{t("nothing")}</Text>;
  return (
    <>
      <Table>
        <Table.Tbody className="tabular">
          {STATUSES.filter((status) => (byStatus[status] ?? 0) > 0).map((status) => (
            <Table.Tr key={status}>
              <Table.Th scope="row" fw={400}>
                {t(`terms:status.${status}`)}
              </Table.Th>
              <Table.Td ta="right">{format.number(byStatus[status] ?? 0)}</Table.Td>
              <Table.Td ta="right">{shareOf(byStatus[status] ?? 0)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="xs" c="dimmed" mt="xs">
        {t("missing.text")}
      </Text>
    </>
  );
}
