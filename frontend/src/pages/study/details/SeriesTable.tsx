import { Badge, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Missing } from "@/components/Missing";
import { WideTable } from "@/components/WideTable";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import type { Study } from "../queries";

/** Every series as it was received, and why it was chosen or passed over. */
export function SeriesTable({ study }: { study: Study }) {
  const { t } = useTranslation("study");
  const format = useFormat();
  const terms = useTerms();
  if (study.series.length === 0) return <Text c="dimmed">{t("series.none")}</Text>;
  return (
    <WideTable label={t("tab.series")} minWidth={760} fz="sm">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t("series.rank")}</Table.Th>
          <Table.Th>{t("series.number")}</Table.Th>
          <Table.Th>{t("series.description")}</Table.Th>
          <Table.Th>{t("series.modality")}</Table.Th>
          <Table.Th ta="end">{t("series.images")}</Table.Th>
          <Table.Th>{t("series.reasons")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {study.series.map((series) => (
          <Table.Tr key={series.uid} data-series={series.number ?? ""}>
            <Table.Td>
              {series.rank === 1 ? (
                <Badge size="sm" variant="light">
                  {t("series.measured")}
                </Badge>
              ) : (
                (series.rank ?? (
                  <Missing
                    why={t(series.reasons.length > 0 ? "series.unusable" : "series.notJudged")}
                  />
                ))
              )}
            </Table.Td>
            <Table.Td>{series.number ?? <Missing why={t("series.noNumber")} />}</Table.Td>
            <Table.Td>{series.description || <Missing why={t("series.noDescription")} />}</Table.Td>
            <Table.Td>{[series.modality, series.body_part].filter(Boolean).join(" · ")}</Table.Td>
            <Table.Td ta="end" className="tabular">
              {format.number(series.instance_count)}
            </Table.Td>
            <Table.Td>
              {terms.statements(series.reasons_coded, series.reasons).join("; ") || (
                <Missing why={t("series.notJudged")} />
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </WideTable>
  );
}
