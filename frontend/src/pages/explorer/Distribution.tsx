import { Stack, Text } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { api, type Schemas } from "@/api/client";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Section } from "@/components/Section";
import { Waiting } from "@/components/Waiting";

import { BehindLegend } from "./BehindLegend";
import { BinsTable } from "./BinsTable";
import { Categories } from "./Categories";
import { Boxes } from "./charts/Boxes";
import { Histogram } from "./charts/Histogram";
import classes from "./Distribution.module.css";
import { MissingValues } from "./MissingValues";
import { backgroundsOf, withRoom } from "./norms";
import { type Group, Statistics } from "./Statistics";
import { useMeasurementWords } from "./useMeasurement";
import { usePublished } from "./usePublished";
import { cohortOf, type Sex, SEXES, type View } from "./view";

type Summary = Schemas["MeasurementSummary"];

/** How the chosen measurement is distributed, of everybody and by sex. */
export function Distribution({ view }: { view: View }) {
  const { t } = useTranslation(["explorer", "terms"]);
  const words = useMeasurementWords();
  const all = useSummary(view, view.sex);
  const behind = backgroundsOf(usePublished(view.name), view, false);
  const bySex = [useSummary(view, "F"), useSummary(view, "M"), useSummary(view, "O")];

  if (!all.data) {
    if (!all.error) return <Waiting />;
    return <ErrorPanel error={all.error} retry={() => void all.refetch()} />;
  }
  const summary: Summary = all.data;
  const { distribution } = summary;
  const groups: Group[] = [
    { name: t(view.sex ? `terms:sex.${view.sex}` : "all"), distribution },
    ...(view.sex
      ? []
      : SEXES.map((sex, at) => ({
          name: t(`terms:sex.${sex}`),
          distribution: bySex[at]?.data?.distribution ?? null,
        })).filter((one) => one.distribution)),
  ];
  const label = words.axis(summary.name, summary.unit);
  // Both charts of a measurement have the same axis.
  const range = distribution && withRoom([distribution.min, distribution.max], behind.shown);
  const hasCategories = Object.keys(summary.by_category).length > 0;
  return (
    <div className={classes.columns}>
      <Section title={label}>
        {distribution && range && (
          <Stack gap="xs">
            <Histogram
              distribution={distribution}
              label={label}
              range={range}
              backgrounds={behind.shown}
            />
            <Boxes
              range={range}
              rows={groups.flatMap((group) =>
                group.distribution ? [{ name: group.name, distribution: group.distribution }] : [],
              )}
            />
            <Text size="xs" c="dimmed">
              {t("boxes.how")}
            </Text>
            <BehindLegend {...behind} unit={summary.unit} />
            <BinsTable distribution={distribution} unit={summary.unit} />
          </Stack>
        )}
        {hasCategories && <Categories counts={summary.by_category} />}
        {!distribution && !hasCategories && <Text size="sm">{t("nothing")}</Text>}
      </Section>
      <Stack gap="md">
        {distribution && (
          <Section
            title={[t("statistics.title"), words.unit(summary.unit)].filter(Boolean).join(", ")}
          >
            <Statistics groups={groups} unit={summary.unit} />
          </Section>
        )}
        <Section title={t("missing.title")}>
          <MissingValues byStatus={summary.by_status} />
        </Section>
      </Stack>
    </div>
  );
}

/** Of everybody in the cohort, or of one sex; by sex only where no sex is chosen. */
function useSummary(view: View, sex: Sex | "") {
  const query = { ...cohortOf(view), sex: sex || undefined, name: view.name };
  return api.useQuery(
    "get",
    "/api/v1/measurements/summary",
    { params: { query } },
    {
      enabled: sex === view.sex || !view.sex,
      placeholderData: keepPreviousData,
      retry: false,
    },
  );
}
