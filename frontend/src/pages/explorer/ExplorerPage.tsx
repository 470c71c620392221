import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

export function ExplorerPage() {
  const { t } = useTranslation("explorer");
  return <Title order={1}>{t("title")}</Title>;
}
