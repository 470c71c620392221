import { Paper, Tabs } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { useMay } from "@/app/session";

import { EventsTable } from "./EventsTable";
import { QuarantineTable } from "./QuarantineTable";
import { SettingsTable } from "./SettingsTable";

const TABLES = { events: EventsTable, quarantine: QuarantineTable, settings: SettingsTable };

/** What happened, what was put aside, and how it is all set; the choice is in the address. */
export function Records() {
  const { t } = useTranslation("system");
  const administrator = useMay("admin");
  const [query, setQuery] = useSearchParams();
  const names = (Object.keys(TABLES) as (keyof typeof TABLES)[]).filter(
    (name) => administrator || name !== "settings",
  );
  const shown = names.find((name) => name === query.get("show")) ?? "events";
  const Shown = TABLES[shown];
  return (
    <Paper withBorder p="md" component="section" id="records" aria-label={t("records.title")}>
      <Tabs
        value={shown}
        onChange={(name) => setQuery({ show: name ?? "events" }, { replace: true })}
        keepMounted={false}
      >
        <Tabs.List mb="sm">
          {names.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`records.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {names.map((name) => (
          <Tabs.Panel key={name} value={name}>
            {name === shown && <Shown />}
          </Tabs.Panel>
        ))}
      </Tabs>
    </Paper>
  );
}
