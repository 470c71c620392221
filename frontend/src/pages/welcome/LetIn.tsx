import { List, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { CopyText } from "@/components/CopyText";
import { Section } from "@/components/Section";

/** Who may connect, and how to let a PACS in. */
export function LetIn({ settings }: { settings: Readonly<Record<string, string>> | undefined }) {
  const { t } = useTranslation("welcome");
  const peers = settings?.HEIMDALLR_DICOM_PEERS;
  return (
    <Section title={t("letIn.title")}>
      <Stack gap="xs">
        <Text size="sm">
          {peers === undefined
            ? t("letIn.unknown")
            : peers
              ? t("letIn.now", { peers })
              : t("letIn.nobody")}
        </Text>
        <Text size="sm">{t("letIn.how")}</Text>
        <CopyText
          label={t("letIn.setting")}
          text="HEIMDALLR_DICOM_PEERS=10.1.2.3,PACS@10.1.2.4,10.7.0.0/16"
        />
        <CopyText label={t("letIn.restart")} text="sudo systemctl restart heimdallr-dicom" />
        <List size="sm" spacing={4}>
          <List.Item>{t("letIn.forms")}</List.Item>
          <List.Item>{t("letIn.firewall")}</List.Item>
          <List.Item>{t("letIn.titles")}</List.Item>
        </List>
      </Stack>
    </Section>
  );
}
