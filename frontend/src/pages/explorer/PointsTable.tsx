import { Anchor, Pagination, Table } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Schemas } from "@/api/client";
import { Missing } from "@/components/Missing";

import { useMeasurementWords } from "./useMeasurement";

const PAGE = 25;

interface Props {
  pairs: Schemas["MeasurementPairs"];
  xLabel: string;
  yLabel: string;
}

/** The points in numbers, each with its study. */
export function PointsTable({ pairs, xLabel, yLabel }: Props) {
  const { t } = useTranslation(["explorer", "terms"]);
  const words = useMeasurementWords();
  const [page, setPage] = useState(1);
  const pages = Math.ceil(pairs.points.length / PAGE);
  const first = (Math.min(page, pages) - 1) * PAGE;
  return (
    <details>
      <summary>{t("table.show")}</summary>
      <Table mt="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("table.study")}</Table.Th>
            <Table.Th>{t("table.sex")}</Table.Th>
            <Table.Th ta="right">{xLabel}</Table.Th>
            <Table.Th ta="right">{yLabel}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody className="tabular">
          {pairs.points.slice(first, first + PAGE).map((point) => (
            <Table.Tr key={point.study_id}>
              <Table.Td>
                <Anchor component={Link} to={`/studies/${point.study_id}`} size="sm">
                  {point.study_id}
                </Anchor>
              </Table.Td>
              <Table.Td>
                {point.sex ? t(`terms:sex.${point.sex}`) : <Missing why={t("table.noSex")} />}
              </Table.Td>
              <Table.Td ta="right">{words.quantity(point.x, pairs.x_unit)}</Table.Td>
              <Table.Td ta="right">{words.quantity(point.y, pairs.y_unit)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {pages > 1 && (
        <Pagination
          mt="xs"
          size="sm"
          total={pages}
          value={Math.min(page, pages)}
          onChange={setPage}
          getControlProps={(control) => ({ "aria-label": t(`table.${control}`) })}
          getItemProps={(number) => ({ "aria-label": t("table.page", { number }) })}
        />
      )}
    </details>
  );
}
