import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

export function AccessPage() {
  const { t } = useTranslation("access");
  return <Title order={1}>{t("title")}</Title>;
}
