import { SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { CopyText } from "@/components/CopyText";
import { Section } from "@/components/Section";

import { isLocal } from "./connection";

interface Props {
  ae: string;
  host: string;
  port: number;
}

/** What is entered into the PACS. */
export function Address({ ae, host, port }: Props) {
  const { t } = useTranslation("welcome");
  const fields = [
    [t("address.ae"), ae],
    [t("address.host"), host],
    [t("address.port"), String(port)],
  ] as const;
  return (
    <Section title={t("address.title")}>
      <Stack gap="xs">
        <Text size="sm">{t("address.text")}</Text>
        <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
          {fields.map(([name, value]) => (
            <div key={name}>
              <Text size="xs" c="dimmed" mb={2}>
                {name}
              </Text>
              <CopyText text={value} label={name} />
            </div>
          ))}
        </SimpleGrid>
        <Text size="sm" c="dimmed">
          {t(isLocal(host) ? "address.local" : "address.caveat")}
        </Text>
      </Stack>
    </Section>
  );
}
