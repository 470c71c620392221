import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

export function StudyPage() {
  const { t } = useTranslation("study");
  return <Title order={1}>{t("title")}</Title>;
}
