import { Center, Loader, VisuallyHidden } from "@mantine/core";
import { useTranslation } from "react-i18next";

export function Waiting() {
  const { t } = useTranslation();
  return (
    <Center mih={200} role="status">
      <Loader aria-hidden />
      <VisuallyHidden>{t("waiting")}</VisuallyHidden>
    </Center>
  );
}
