import { Alert, Tabs } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { useMay } from "@/app/session";
import { Page } from "@/components/Page";

import { AuditTab } from "./audit/AuditTab";
import { TokensTab } from "./tokens/TokensTab";
import { UsersTab } from "./users/UsersTab";

const TABS = { users: UsersTab, tokens: TokensTab, audit: AuditTab };
const NAMES = Object.keys(TABS) as (keyof typeof TABS)[];

/** Who may do what, and who did what: for administrators. */
export function AccessPage() {
  const { t } = useTranslation("access");
  const administrator = useMay("admin");
  const [query, setQuery] = useSearchParams();
  const shown = NAMES.find((name) => name === query.get("tab")) ?? "users";
  return (
    <Page title={t("title")} size={1280}>
      {administrator ? (
        <Tabs
          value={shown}
          onChange={(name) => setQuery({ tab: name ?? "users" }, { replace: true })}
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
