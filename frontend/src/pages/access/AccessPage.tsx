import { useTranslation } from "react-i18next";

import { AdministratorTabs } from "@/components/AdministratorTabs";

import { AuditTab } from "./audit/AuditTab";
import { TokensTab } from "./tokens/TokensTab";
import { UsersTab } from "./users/UsersTab";

/** Who may do what, and who did what: for administrators. */
export function AccessPage() {
  const { t } = useTranslation("access");
  return (
    <AdministratorTabs
      title={t("title")}
      forAdministrators={t("forAdministrators")}
      tabs={[
        { name: "users", label: t("tabs.users"), Shown: UsersTab },
        { name: "tokens", label: t("tabs.tokens"), Shown: TokensTab },
        { name: "audit", label: t("tabs.audit"), Shown: AuditTab },
      ]}
    />
  );
}
