import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

export function HelpPage() {
  const { t } = useTranslation("help");
  return <Title order={1}>{t("title")}</Title>;
}
