import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

export function WorklistPage() {
  const { t } = useTranslation("worklist");
  return <Title order={1}>{t("title")}</Title>;
}
