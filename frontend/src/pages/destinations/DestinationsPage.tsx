import { Alert, Tabs } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { useMay } from "@/app/session";
import { Page } from "@/components/Page";

import { DeliveriesTab } from "./DeliveriesTab";
import { DestinationsTab } from "./DestinationsTab";
import { RulesTab } from "./RulesTab";

const TABS = { destinations: DestinationsTab, rules: RulesTab, deliveries: DeliveriesTab };
const NAMES = Object.keys(TABS) as (keyof typeof TABS)[];

/** Where results go, which go there by themselves, and what became of them: for administrators. */
export function DestinationsPage() {
  const { t } = useTranslation("destinations");
  const administrator = useMay("admin");
  const [query, setQuery] = useSearchParams();
  const shown = NAMES.find((name) => name === query.get("tab")) ?? "destinations";
  return (
    <Page title={t("title")} size={1280}>
      {administrator ? (
        <Tabs
          value={shown}
          onChange={(name) => setQuery({ tab: name ?? "destinations" }, { replace: true })}
          keepMounted={false}
        >
          <Tabs.List mb="md">
            {NAMES.map((name) => (
              <Tabs.Tab key={name} value={name}>
                {t(`tabs.${name}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {NAMES.map((name) => {
            const Shown = TABS[name];
            return (
              <Tabs.Panel key={name} value={name}>
                <Shown />
              </Tabs.Panel>
            );
          })}
        </Tabs>
      ) : (
        <Alert color="yellow">{t("forAdministrators")}</Alert>
      )}
    </Page>
  );
}
