import { Badge, Checkbox, Group, Table, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { api } from "@/api/client";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Missing } from "@/components/Missing";
import { Waiting } from "@/components/Waiting";
import { WideTable } from "@/components/WideTable";

/** Every setting, its value and where that came from. */
export function SettingsTable() {
  const { t } = useTranslation("system");
  const [search, setSearch] = useState("");
  const [changed, setChanged] = useState(false);
  const { data, error } = api.useQuery("get", "/api/v1/settings");
  if (!data) return error ? <ErrorPanel error={error} /> : <Waiting />;
  const wanted = search.trim().toLowerCase();
  const shown = data.settings.filter(
    (one) =>
      (!changed || one.source === "environment") &&
      `${one.name} ${one.description}`.toLowerCase().includes(wanted),
  );
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs">
        {t("settings.text")}
      </Text>
      <Group mb="xs">
        <TextInput
          aria-label={t("settings.search")}
          placeholder={t("settings.search")}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          w={280}
        />
        <Checkbox
          label={t("settings.changed")}
          checked={changed}
          onChange={(event) => setChanged(event.currentTarget.checked)}
        />
      </Group>
      <WideTable label={t("records.settings")} minWidth={720}>
        <Table.Thead>
          <Table.Tr>
            {["name", "value", "source", "description"].map((column) => (
              <Table.Th key={column}>{t(`settings.${column}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.map((one) => (
            <Table.Tr key={one.name}>
              <Table.Td>
                <code>{one.name}</code>
              </Table.Td>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                {one.value ? <code>{one.value}</code> : <Missing why={t("settings.unset")} />}
              </Table.Td>
              <Table.Td>
                <Badge
                  variant="light"
                  color={one.source === "environment" ? undefined : "gray"}
                  tt="none"
                >
                  {t(`settings.from.${one.source}`)}
                </Badge>
              </Table.Td>
              <Table.Td lang="en">{one.description}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </WideTable>
    </>
  );
}
