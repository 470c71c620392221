import { Group, Stack, Text } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { api } from "@/api/client";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Section } from "@/components/Section";
import { Waiting } from "@/components/Waiting";
import { useFormat } from "@/i18n/format";

import { BehindLegend } from "./BehindLegend";
import { Legend } from "./charts/Legend";
import { type Point, Scatter } from "./charts/Scatter";
import { backgroundsOf } from "./norms";
import { PointsTable } from "./PointsTable";
import { useMeasurementWords } from "./useMeasurement";
import { usePublished } from "./usePublished";
import { AGE, cohortOf, type View } from "./view";

/** Two measurements, or one and the age, of each study that has both. */
export function Pairs({ view, against }: { view: View; against: string }) {
  const { t } = useTranslation(["explorer", "terms"]);
  const format = useFormat();
  const words = useMeasurementWords();
  const { data, error, refetch } = api.useQuery(
    "get",
    "/api/v1/measurements/pairs",
    { params: { query: { ...cohortOf(view), x: against, y: view.name } } },
    { placeholderData: keepPreviousData, retry: false },
  );
  const y = backgroundsOf(usePublished(view.name), view, against === AGE);
  const x = backgroundsOf(usePublished(against), view, false, y.shown.length);
  if (!data) return error ? <ErrorPanel error={error} retry={() => void refetch()} /> : <Waiting />;
  const tell = (point: Point) =>
    [
      t("scatter.study", { number: point.study_id }),
      ...(point.sex ? [t(`terms:sex.${point.sex}`)] : []),
      words.quantity(point.x, data.x_unit),
      words.quantity(point.y, data.y_unit),
    ].join(" · ");
  const xLabel = words.axis(data.x, data.x_unit);
  const yLabel = words.axis(data.y, data.y_unit);
  return (
    <Section title={t("scatter.title", { x: words.name(data.x), y: words.name(data.y) })}>
      {data.points.length === 0 ? (
        <Text size="sm">{t("scatter.none")}</Text>
      ) : (
        <Stack gap="xs">
          <Group justify="space-between">
            <Legend />
            <Text size="sm" c="dimmed">
              {data.total > data.points.length
                ? t("scatter.newest", {
                    count: data.points.length,
                    shown: format.number(data.points.length),
                    total: (data.at_least ? "≥ " : "") + format.number(data.total),
                  })
                : t("scatter.count", { count: data.total })}
            </Text>
          </Group>
          <Scatter
            points={data.points}
            xLabel={xLabel}
            yLabel={yLabel}
            tell={tell}
            behind={{ x: x.shown, y: y.shown, againstAge: against === AGE }}
          />
          <BehindLegend {...y} name={words.name(data.y)} unit={data.y_unit} />
          <BehindLegend {...x} name={words.name(data.x)} unit={data.x_unit} />
          <PointsTable pairs={data} xLabel={xLabel} yLabel={yLabel} />
        </Stack>
      )}
    </Section>
  );
}
