import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { CopyText } from "@/components/CopyText";
import { Section } from "@/components/Section";

import { commands } from "./connection";

interface Props {
  ae: string;
  host: string;
  port: number;
  settings: Readonly<Record<string, string>> | undefined;
}

/** Commands to try it from the sender's side, before anything is set up there. */
export function TryIt({ ae, host, port, settings }: Props) {
  const { t } = useTranslation("welcome");
  const { echo, send } = commands(ae, host, port);
  return (
    <Section title={t("try.title")}>
      <Stack gap="xs">
        <Text size="sm">{t("try.text")}</Text>
        <Text size="sm">{t("try.echo")}</Text>
        <CopyText text={echo} label={t("try.echo")} />
        <Text size="sm">{t("try.send")}</Text>
        <CopyText text={send} label={t("try.send")} />
        <Text size="sm" c="dimmed">
          {t(settings?.HEIMDALLR_DICOM_CERTIFICATE ? "try.tls" : "try.compressed")}
        </Text>
      </Stack>
    </Section>
  );
}
