import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

export function SystemPage() {
  const { t } = useTranslation("system");
  return <Title order={1}>{t("title")}</Title>;
}
