import { Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Missing } from "@/components/Missing";
import { Section } from "@/components/Section";
import { Waiting } from "@/components/Waiting";
import { WideTable } from "@/components/WideTable";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import { useAgreement } from "./queries";

type Agreement = Schemas["StructureAgreement"];

const COLUMNS = [
  "structure",
  "studies",
  "corrected",
  "rejected",
  "dice",
  "worst",
  "volume",
  "readers",
  "between",
] as const;

/** How often, and how far, people differ from what the networks drew. */
export function AgreementSection() {
  const { t } = useTranslation("system");
  const { data, error } = useAgreement();
  return (
    <div id="agreement">
      <Section title={t("agreement.title")}>
        {error && <ErrorPanel error={error} />}
        {data ? <Structures found={data} /> : !error && <Waiting />}
      </Section>
    </div>
  );
}

function Structures({ found }: { found: readonly Agreement[] }) {
  const { t } = useTranslation("system");
  if (found.length === 0) return <Text size="sm">{t("agreement.none")}</Text>;
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {t("agreement.text")}
      </Text>
      <WideTable label={t("agreement.title")} minWidth={820}>
        <Table.Thead>
          <Table.Tr>
            {COLUMNS.map((column) => (
              <Table.Th key={column}>{t(`agreement.${column}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {found.map((one) => (
            <Row key={`${one.task} ${one.structure}`} one={one} />
          ))}
        </Table.Tbody>
      </WideTable>
    </Stack>
  );
}

function Row({ one }: { one: Agreement }) {
  const { t } = useTranslation("system");
  const format = useFormat();
  const terms = useTerms();
  const share = (count: number) =>
    one.studies > 0 ? `${format.number(count)} (${format.percent(count / one.studies)})` : count;
  const number = (value: number | null, why: string, written: (value: number) => string) =>
    value === null ? <Missing why={why} /> : written(value);
  const why = (reason: "noDice" | "noVolume") =>
    t(`agreement.${one.corrected > 0 ? reason : "noneCorrected"}`);
  const dice = (value: number) => format.number(value, 3);
  const of = (count: number) => (
    <Text size="xs" c="dimmed">
      {t("agreement.of", { count })}
    </Text>
  );
  return (
    <Table.Tr>
      <Table.Th scope="row">
        {terms.structure(one.structure)}
        <Text size="xs" c="dimmed">
          {one.task}
        </Text>
      </Table.Th>
      <Table.Td className="tabular">{format.number(one.studies)}</Table.Td>
      <Table.Td className="tabular">{share(one.corrected)}</Table.Td>
      <Table.Td className="tabular">{share(one.rejected)}</Table.Td>
      <Table.Td className="tabular">
        {number(one.dice_median, why("noDice"), dice)}
        {one.dice_studies > 0 && of(one.dice_studies)}
      </Table.Td>
      <Table.Td className="tabular">{number(one.dice_worst, why("noDice"), dice)}</Table.Td>
      <Table.Td className="tabular">
        {number(
          one.volume_difference_percent_median,
          why("noVolume"),
          (value) => `${value > 0 ? "+" : ""}${format.number(value, 1)} %`,
        )}
      </Table.Td>
      <Table.Td className="tabular">{format.number(one.readers)}</Table.Td>
      <Table.Td className="tabular">
        {number(one.between_readers_dice_median, t("agreement.noBetween"), dice)}
        {one.between_readers_studies > 0 && of(one.between_readers_studies)}
      </Table.Td>
    </Table.Tr>
  );
}
