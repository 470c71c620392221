import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

export function WelcomePage() {
  const { t } = useTranslation("welcome");
  return <Title order={1}>{t("title")}</Title>;
}
