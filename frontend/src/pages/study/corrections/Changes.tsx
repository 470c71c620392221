import { Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { ErrorPanel } from "@/components/ErrorPanel";
import { Waiting } from "@/components/Waiting";
import { WideTable } from "@/components/WideTable";
import { useTerms } from "@/terms";

import type { Study } from "../queries";
import { differenceOf, tellingFirst } from "./numbers";
import { type NumberChange, useChanges } from "./queries";

/** Every number and finding that differs by a correction, or by all (0), before and after. */
export function Changes({ study, number }: { study: Study; number: number }) {
  const { t } = useTranslation("corrections");
  const terms = useTerms();
  const { data, error, refetch } = useChanges(study.id, number);
  if (!data) return error ? <ErrorPanel error={error} retry={() => void refetch()} /> : <Waiting />;
  const { measurements, findings_gone: gone, findings_new: found } = data;
  const named = (codes: readonly string[]) => codes.map((code) => terms.finding(code)).join(", ");
  return (
    <div data-changes={number}>
      {found.length > 0 && <Text size="sm">{t("changes.found", { what: named(found) })}</Text>}
      {gone.length > 0 && <Text size="sm">{t("changes.gone", { what: named(gone) })}</Text>}
      {measurements.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("changes.none")}
        </Text>
      ) : (
        <WideTable
          label={t("changes.title")}
          minWidth={380}
          fz="sm"
          verticalSpacing={3}
          horizontalSpacing={5}
        >
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("changes.what")}</Table.Th>
              <Table.Th ta="end">{t("changes.before")}</Table.Th>
              <Table.Th ta="end">{t("changes.after")}</Table.Th>
              <Table.Th ta="end">{t("changes.difference")}</Table.Th>
              <Table.Th>{t("changes.unit")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {tellingFirst(measurements, study.results?.measurements ?? []).map((one) => (
              <Row key={one.name} change={one} />
            ))}
          </Table.Tbody>
        </WideTable>
      )}
    </div>
  );
}

function Row({ change }: { change: NumberChange }) {
  const terms = useTerms();
  const { name, unit, before, after } = change;
  const difference = differenceOf(change);
  return (
    <Table.Tr data-change={name}>
      <Table.Td>{terms.measurement(name)}</Table.Td>
      <Table.Td ta="end">
        <Side
          value={before}
          unit={unit}
          status={change.status_before}
          why={change.reason_before_coded}
        />
      </Table.Td>
      <Table.Td ta="end" fw={600}>
        <Side
          value={after}
          unit={unit}
          status={change.status_after}
          why={change.reason_after_coded}
        />
      </Table.Td>
      <Table.Td ta="end">
        {difference === null
          ? "–"
          : `${difference < 0 ? "−" : "+"}${terms.value(Math.abs(difference), unit)}`}
      </Table.Td>
      <Table.Td>{terms.unit(unit)}</Table.Td>
    </Table.Tr>
  );
}

interface SideProps {
  value: NumberChange["before"];
  unit: string;
  status: string | null;
  why: NumberChange["reason_before_coded"];
}

/** A value, or why there is none: missing is never zero. */
function Side({ value, unit, status, why }: SideProps) {
  const { t } = useTranslation(["corrections", "terms"]);
  const terms = useTerms();
  if (value !== null) return terms.value(value, unit).replace(/^-/, "−");
  const word = status
    ? t(`terms:status.${status as "failed"}`, { defaultValue: status })
    : t("changes.absent");
  return (
    <Text span inherit fw={400} c="dimmed">
      {why ? terms.statement(why, word) : word}
    </Text>
  );
}
