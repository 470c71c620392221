import { Progress, Table } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";

import { useMeasurementWords } from "./useMeasurement";

/** How many studies have which category. */
export function Categories({ counts }: { counts: Readonly<Record<string, number>> }) {
  const { t } = useTranslation("explorer");
  const format = useFormat();
  const words = useMeasurementWords();
  const rows = Object.entries(counts).sort(([, one], [, other]) => other - one);
  const total = rows.reduce((sum, [, count]) => sum + count, 0);
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t("categories.category")}</Table.Th>
          <Table.Td w="50%" />
          <Table.Th ta="right">{t("histogram.studies")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map(([category, count]) => (
          <Table.Tr key={category}>
            <Table.Th scope="row" fw={400}>
              {words.category(category)}
            </Table.Th>
            <Table.Td>
              <Progress value={(100 * count) / total} aria-label={words.category(category)} />
            </Table.Td>
            <Table.Td ta="right" className="tabular">
              {format.number(count)} · {format.percent(count / total)}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
