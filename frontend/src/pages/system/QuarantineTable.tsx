import { Table, Text } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { api, BACKGROUND } from "@/api/client";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Missing } from "@/components/Missing";
import { useOlder } from "@/components/older";
import { OlderPager } from "@/components/OlderPager";
import { Waiting } from "@/components/Waiting";
import { WideTable } from "@/components/WideTable";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import { StudyNumber } from "./StudyNumber";

const EVERY_MS = 15_000;
const PAGE = 25;

/** Received files that are no usable image, kept for somebody to look at. */
export function QuarantineTable() {
  const { t } = useTranslation("system");
  const format = useFormat();
  const terms = useTerms();
  const pages = useOlder();
  const { data, error } = api.useQuery(
    "get",
    "/api/v1/quarantine",
    { ...BACKGROUND, params: { query: { before: pages.before, limit: PAGE } } },
    { placeholderData: keepPreviousData, refetchInterval: pages.newest && EVERY_MS },
  );
  if (!data) return error ? <ErrorPanel error={error} /> : <Waiting />;
  if (data.files.length === 0) return <Text size="sm">{t("quarantine.none")}</Text>;
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs">
        {t("quarantine.text")}
      </Text>
      <WideTable label={t("records.quarantine")} minWidth={640}>
        <Table.Thead>
          <Table.Tr>
            {["at", "from", "study", "size", "reason"].map((column) => (
              <Table.Th key={column}>{t(`quarantine.${column}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {data.files.map((file) => (
            <Table.Tr key={file.id}>
              <Table.Td style={{ whiteSpace: "nowrap" }} className="tabular">
                {format.dateTime(file.received_at)}
              </Table.Td>
              <Table.Td>
                {[file.calling_ae, file.peer_address].filter(Boolean).join(" · ") || (
                  <Missing why={t("quarantine.noSender")} />
                )}
              </Table.Td>
              <Table.Td>
                <StudyNumber id={file.study_id} why={t("quarantine.noStudy")} />
              </Table.Td>
              <Table.Td className="tabular">{format.bytes(file.size_bytes)}</Table.Td>
              <Table.Td>{terms.file(file.reason)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </WideTable>
      <OlderPager pages={pages} next={data.next} />
    </>
  );
}
