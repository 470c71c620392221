import { Stack, Table, Text } from "@mantine/core";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { Facts } from "@/components/Facts";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import { type Measurement, useCatalogue } from "../queries";
import { entryOf, parameterFacts } from "./catalogue";
import type { Reference } from "./reference";
import { rangeText } from "./report";
import type { Trend } from "./trend";

interface Props {
  measurement: Measurement;
  trend: Trend | null;
}

/** What a number means, what it was made with, what it is compared with, and its past. */
export function HowMeasured({ measurement, trend }: Props) {
  const { t } = useTranslation("study");
  const terms = useTerms();
  const { data: catalogue } = useCatalogue();
  const entry = entryOf(catalogue, measurement);
  return (
    <Stack gap={6}>
      {entry && (
        <Text size="xs" lang="en">
          {entry.meaning}
        </Text>
      )}
      <Facts
        facts={[
          ...parameterFacts(measurement.parameters, terms.language),
          [
            t("how.name"),
            <Link key="name" to={`/explorer?name=${encodeURIComponent(measurement.name)}`}>
              {measurement.name}
            </Link>,
          ],
        ]}
      />
      <References measurement={measurement} />
      {trend && <Earlier trend={trend} unit={measurement.unit} />}
    </Stack>
  );
}

/** Every limit that holds for the patient, from whom it was derived, and for whom it is. */
function References({ measurement }: { measurement: Measurement }) {
  const { t } = useTranslation("study");
  const terms = useTerms();
  const { reference, other_references: others } = measurement;
  if (!reference) return null;
  return (
    <>
      <Text size="xs" fw={600}>
        {t("how.references")}
      </Text>
      {[reference, ...others].map((one) => (
        <Text key={one.source + rangeText(one, terms.language)} size="xs">
          {rangeText(one, terms.language)} — <span lang="en">{one.source}</span>
          {` · ${appliesTo(one, t, terms).join(", ")}`}
        </Text>
      ))}
      {terms
        .statements(measurement.reference_caveats_coded, measurement.reference_caveats)
        .map((caveat) => (
          <Text key={caveat} size="xs" c="dimmed">
            {caveat}
          </Text>
        ))}
    </>
  );
}

function appliesTo(
  { applies_to: whom }: Reference,
  t: TFunction<"study">,
  terms: ReturnType<typeof useTerms>,
): string[] {
  const number = (value: number) => terms.value(value, "");
  return [
    t("applies.adults"),
    whom.sex && t(`applies.${whom.sex}`),
    whom.bmi_from !== null && t("applies.bmiFrom", { bmi: number(whom.bmi_from) }),
    whom.bmi_below !== null && t("applies.bmiBelow", { bmi: number(whom.bmi_below) }),
    whom.contrast_phase && t("applies.native"),
    whom.kvp_from !== null &&
      whom.kvp_to !== null &&
      t("applies.kvp", { from: number(whom.kvp_from), to: number(whom.kvp_to) }),
  ].filter((one): one is string => !!one);
}

function Earlier({ trend, unit }: { trend: Trend; unit: string }) {
  const { t } = useTranslation("study");
  const terms = useTerms();
  const format = useFormat();
  return (
    <>
      <Table fz="xs" verticalSpacing={2} aria-label={t("trend.title")}>
        <Table.Tbody>
          {trend.points.toReversed().map(({ study, value }) => (
            <Table.Tr key={study.study_id}>
              <Table.Td style={{ whiteSpace: "nowrap" }}>
                {study.study_date ? format.date(study.study_date) : t("trend.noDate")}
              </Table.Td>
              <Table.Td ta="end" style={{ whiteSpace: "nowrap" }}>
                {terms.quantity(value, unit)}
              </Table.Td>
              <Table.Td>
                {study.current ? (
                  t("trend.this")
                ) : (
                  <Link to={`/studies/${study.study_id}`}>
                    {study.description || t("trend.open")}
                  </Link>
                )}
                {study.contrast_phase && ` · ${terms.value(study.contrast_phase, "")}`}
                {!study.same_name && ` · ${t("trend.otherName")}`}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {trend.otherPhase && (
        <Text size="xs" c="orange">
          {t("trend.otherPhase")}
        </Text>
      )}
    </>
  );
}
