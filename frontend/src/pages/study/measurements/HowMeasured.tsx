import { Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { Facts } from "@/components/Facts";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import { type Measurement, useCatalogue } from "../queries";
import { useAppliesTo } from "./appliesTo";
import { entryOf, parameterFacts } from "./catalogue";
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
      <Norms measurement={measurement} />
      {trend && <Earlier trend={trend} unit={measurement.unit} />}
    </Stack>
  );
}

/** Every limit that holds for the patient, from whom it was derived, and for whom it is. */
function References({ measurement }: { measurement: Measurement }) {
  const { t } = useTranslation("study");
  const terms = useTerms();
  const appliesTo = useAppliesTo();
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
          {` · ${appliesTo(one.applies_to).join(", ")}`}
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

/** Where the number stands among whom, or why a norm says nothing of this patient. */
function Norms({ measurement: { norms } }: { measurement: Measurement }) {
  const { t } = useTranslation("study");
  const terms = useTerms();
  if (norms.length === 0) return null;
  return (
    <>
      <Text size="xs" fw={600}>
        {t("how.norms")}
      </Text>
      {norms.map((one) => (
        <Text key={one.source} size="xs" c={one.group === null ? "dimmed" : undefined}>
          {terms.statement(one.said_coded, one.said)}
          {one.group !== null && (
            <>
              {`: ${terms.statement(one.group_coded, one.group)} — `}
              <span lang="en">
                {one.source}; {one.population}
              </span>
            </>
          )}
        </Text>
      ))}
    </>
  );
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
                {study.not_compared !== null &&
                  ` · ${t(`trend.notCompared.${study.not_compared}`, { modality: study.modality })}`}
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
