import { Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Facts } from "@/components/Facts";
import { WideTable } from "@/components/WideTable";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import { originOf } from "../origin";
import type { Results, Study } from "../queries";

const SHORT = 12;

/** Where the numbers come from: software, networks, device, series, conversion. */
export function ProvenanceTab({ study, results }: { study: Study; results: Results }) {
  const { t } = useTranslation("study");
  const format = useFormat();
  const terms = useTerms();
  const { provenance, identity } = results;
  if (!provenance) return <Text c="dimmed">{t("provenance.none")}</Text>;
  const series = identity?.SelectedSeries;
  const conversion = identity?.conversion;
  const skipped = Object.entries(provenance.skipped_tasks);
  return (
    <Stack gap="md">
      <Facts
        facts={[
          [t("provenance.software"), `${provenance.software} ${provenance.version}`],
          [t("provenance.made"), format.dateTime(provenance.created_at)],
          ...(series
            ? [
                [
                  t("provenance.series"),
                  [series.SeriesNumber, series.SeriesDescription, series.ConvolutionKernel]
                    .filter(Boolean)
                    .join(" · "),
                ] as const,
              ]
            : []),
          [t("provenance.seriesUid"), provenance.series_instance_uid],
          [t("provenance.studyUid"), study.study_instance_uid],
          ...(conversion
            ? [
                [t("provenance.conversion"), conversion.converter] as const,
                ...(conversion.warnings.length > 0
                  ? [[t("provenance.warnings"), conversion.warnings.join("; ")] as const]
                  : []),
              ]
            : []),
        ]}
      />
      <WideTable label={t("provenance.networks")} minWidth={700} fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("provenance.task")}</Table.Th>
            <Table.Th>{t("provenance.engine")}</Table.Th>
            <Table.Th>{t("provenance.weights")}</Table.Th>
            <Table.Th ta="end">{t("provenance.spacing")}</Table.Th>
            <Table.Th ta="end">{t("provenance.time")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {provenance.segmentations.map((one) => (
            <Table.Tr key={one.task}>
              <Table.Td>{one.task}</Table.Td>
              <Table.Td>
                {one.engine} · {one.device}
              </Table.Td>
              <Table.Td>
                <Text size="sm" fw={one.weights_origin === "bundled" ? 650 : 400}>
                  {originOf(one, t)}
                </Text>
                {one.collections.map(({ name, credit, home }) => (
                  <Text key={name} size="xs" c="dimmed">
                    {credit} · {home}
                  </Text>
                ))}
                {one.weights.map(({ name, sha256 }) => (
                  <Text key={name} size="xs" c="dimmed" title={`SHA-256 ${sha256}`}>
                    {name} · {sha256.slice(0, SHORT)}…
                  </Text>
                ))}
              </Table.Td>
              <Table.Td ta="end">{terms.quantity(one.spacing_mm, "mm")}</Table.Td>
              <Table.Td ta="end">{format.duration(one.seconds)}</Table.Td>
            </Table.Tr>
          ))}
          {skipped.map(([task, reason]) => (
            <Table.Tr key={task}>
              <Table.Td>{task}</Table.Td>
              <Table.Td colSpan={4} c="dimmed">
                {t("provenance.skipped", {
                  reason: terms.statement(provenance.skipped_tasks_coded[task], reason),
                })}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </WideTable>
    </Stack>
  );
}
