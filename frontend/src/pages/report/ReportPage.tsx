import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

export function ReportPage() {
  const { t } = useTranslation("report");
  return <Title order={1}>{t("title")}</Title>;
}
