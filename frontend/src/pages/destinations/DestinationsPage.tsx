import { useTranslation } from "react-i18next";

import { AdministratorTabs } from "@/components/AdministratorTabs";

import { DeliveriesTab } from "./DeliveriesTab";
import { DestinationsTab } from "./DestinationsTab";
import { RulesTab } from "./RulesTab";

/** Where results go, which go there by themselves, and what became of them: for administrators. */
export function DestinationsPage() {
  const { t } = useTranslation("destinations");
  return (
    <AdministratorTabs
      title={t("title")}
      forAdministrators={t("forAdministrators")}
      tabs={[
        { name: "destinations", label: t("tabs.destinations"), Shown: DestinationsTab },
        { name: "rules", label: t("tabs.rules"), Shown: RulesTab },
        { name: "deliveries", label: t("tabs.deliveries"), Shown: DeliveriesTab },
      ]}
    />
  );
}
