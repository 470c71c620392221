import { Center, Loader } from "@mantine/core";
import { useTranslation } from "react-i18next";

export function Waiting() {
  const { t } = useTranslation();
  return (
    <Center mih={200}>
      <Loader aria-label={t("waiting")} />
    </Center>
  );
}
