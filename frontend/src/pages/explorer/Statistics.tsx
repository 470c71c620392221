import { Table } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { Missing } from "@/components/Missing";
import { WideTable } from "@/components/WideTable";
import { useFormat } from "@/i18n/format";

import { useMeasurementWords } from "./useMeasurement";

export interface Group {
  name: string;
  distribution: Schemas["DistributionOut"] | null;
}

const FIGURES = ["median", "q1", "q3", "mean", "sd", "min", "max"] as const;

/** The figures behind the charts, a column for each group. */
export function Statistics({ groups, unit }: { groups: readonly Group[]; unit: string }) {
  const { t } = useTranslation("explorer");
  const format = useFormat();
  const words = useMeasurementWords();
  return (
    <WideTable label={t("statistics.title")} minWidth={110 + 65 * groups.length}>
      <Table.Thead>
        <Table.Tr>
          <Table.Td />
          {groups.map((group) => (
            <Table.Th key={group.name} ta="right">
              {group.name}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody className="tabular">
        <Table.Tr>
          <Table.Th scope="row">{t("statistics.count")}</Table.Th>
          {groups.map(({ name, distribution }) => (
            <Table.Td key={name} ta="right">
              {format.number(distribution?.count ?? 0)}
            </Table.Td>
          ))}
        </Table.Tr>
        {FIGURES.map((figure) => (
          <Table.Tr key={figure}>
            <Table.Th scope="row">{t(`statistics.${figure}`)}</Table.Th>
            {groups.map(({ name, distribution }) => {
              const value = distribution?.[figure];
              return (
                <Table.Td key={name} ta="right" style={{ whiteSpace: "nowrap" }}>
                  {value == null ? (
                    <Missing why={t("statistics.tooFew")} />
                  ) : (
                    words.number(value, unit)
                  )}
                </Table.Td>
              );
            })}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </WideTable>
  );
}
