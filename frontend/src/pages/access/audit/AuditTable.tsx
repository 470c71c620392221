import { Anchor, Badge, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Schemas } from "@/api/client";
import { WideTable } from "@/components/WideTable";
import { useFormat } from "@/i18n/format";

const COLORS: Record<string, string> = { ok: "teal", refused: "orange", failed: "red" };

export function AuditTable({ entries }: { entries: readonly Schemas["Entry"][] }) {
  const { t } = useTranslation("access");
  const format = useFormat();
  if (entries.length === 0) return <Text size="sm">{t("audit.none")}</Text>;
  return (
    <WideTable label={t("tabs.audit")} minWidth={840}>
      <Table.Thead>
        <Table.Tr>
          {["at", "actor", "address", "action", "object", "outcome", "details"].map((column) => (
            <Table.Th key={column}>{t(`audit.${column}`)}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {entries.map((entry) => (
          <Table.Tr key={entry.id}>
            <Table.Td style={{ whiteSpace: "nowrap" }} className="tabular">
              {format.dateTime(entry.at)}
            </Table.Td>
            <Table.Td>{entry.actor}</Table.Td>
            <Table.Td className="tabular">{entry.address}</Table.Td>
            <Table.Td>
              <code>{entry.action}</code>
            </Table.Td>
            <Table.Td style={{ overflowWrap: "anywhere" }}>
              <TrailObject name={entry.object} />
            </Table.Td>
            <Table.Td>
              <Badge variant="light" color={COLORS[entry.outcome] ?? "gray"}>
                {t(`audit.is.${entry.outcome}`, { defaultValue: entry.outcome })}
              </Badge>
            </Table.Td>
            <Table.Td lang="en">{entry.details}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </WideTable>
  );
}

/** A study stands in the trail by its number, which leads to it as long as it is there. */
function TrailObject({ name }: { name: string }) {
  const number = /^study:(\d+)$/.exec(name)?.[1];
  if (number === undefined) return name;
  return (
    <Anchor component={Link} to={`/studies/${number}`} size="sm">
      {name}
    </Anchor>
  );
}
