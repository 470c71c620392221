import { Table } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";

import { useMeasurementWords } from "./useMeasurement";

/** The histogram in numbers. */
export function BinsTable({
  distribution: { edges, counts },
  unit,
}: {
  distribution: Schemas["DistributionOut"];
  unit: string;
}) {
  const { t } = useTranslation("explorer");
  const format = useFormat();
  const words = useMeasurementWords();
  return (
    <details>
      <summary>{t("table.show")}</summary>
      <Table mt="xs" maw={420}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("table.from")}</Table.Th>
            <Table.Th>{t("table.to")}</Table.Th>
            <Table.Th ta="right">{t("histogram.studies")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody className="tabular">
          {counts.map((count, bin) => (
            <Table.Tr key={edges[bin]}>
              <Table.Td>{words.quantity(edges[bin] ?? 0, unit)}</Table.Td>
              <Table.Td>{words.quantity(edges[bin + 1] ?? 0, unit)}</Table.Td>
              <Table.Td ta="right">{format.number(count)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </details>
  );
}
