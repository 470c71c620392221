import { Badge, Table, Text } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { api, BACKGROUND } from "@/api/client";
import { ErrorPanel } from "@/components/ErrorPanel";
import { useOlder } from "@/components/older";
import { OlderPager } from "@/components/OlderPager";
import { Waiting } from "@/components/Waiting";
import { WideTable } from "@/components/WideTable";
import { useFormat } from "@/i18n/format";

import { StudyNumber } from "./StudyNumber";

const EVERY_MS = 15_000;
const PAGE = 25;

/** What happened, to every study and to the system, newest first. */
export function EventsTable() {
  const { t } = useTranslation("system");
  const format = useFormat();
  const pages = useOlder();
  const { data, error } = api.useQuery(
    "get",
    "/api/v1/events",
    { ...BACKGROUND, params: { query: { before: pages.before, limit: PAGE } } },
    { placeholderData: keepPreviousData, refetchInterval: pages.newest && EVERY_MS },
  );
  if (!data) return error ? <ErrorPanel error={error} /> : <Waiting />;
  if (data.events.length === 0) return <Text size="sm">{t("events.none")}</Text>;
  return (
    <>
      <WideTable label={t("records.events")} minWidth={640}>
        <Table.Thead>
          <Table.Tr>
            {["at", "study", "what", "who"].map((column) => (
              <Table.Th key={column}>{t(`events.${column}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {data.events.map((event) => (
            <Table.Tr key={event.id}>
              <Table.Td style={{ whiteSpace: "nowrap" }} className="tabular">
                {format.dateTime(event.at)}
              </Table.Td>
              <Table.Td>
                <StudyNumber id={event.study_id} why={t("events.noStudy")} />
              </Table.Td>
              <Table.Td>
                <Badge variant="default" mr="xs">
                  {t(`events.kind.${event.kind}`, { defaultValue: event.kind })}
                </Badge>
                {event.message !== event.kind && <span lang="en">{event.message}</span>}
              </Table.Td>
              <Table.Td>{event.actor || t("events.system")}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </WideTable>
      <OlderPager pages={pages} next={data.next} />
    </>
  );
}
