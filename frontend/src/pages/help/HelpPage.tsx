import { List, SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { Page } from "@/components/Page";
import { Section } from "@/components/Section";

import { Analyses } from "./Analyses";
import { Findings, Measurements, States } from "./Meanings";
import { Shortcuts } from "./Shortcuts";

const LINKS = [
  ["worklist", "/"],
  ["connect", "/welcome"],
  ["system", "/system"],
  ["explorer", "/explorer"],
  ["rules", "/rules"],
] as const;

/** What one sees means what, and which keys do what. */
export function HelpPage() {
  const { t } = useTranslation("help");
  return (
    <Page title={t("title")} size={1280}>
      <Stack gap="md">
        <Section title={t("shortcuts.title")}>
          <Shortcuts />
        </Section>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
          <Section title={t("states.title")}>
            <States />
          </Section>
          <Stack gap="md">
            <Section title={t("measurements.title")}>
              <Measurements />
            </Section>
            <Section title={t("findings.title")}>
              <Findings />
            </Section>
          </Stack>
        </SimpleGrid>
        <Section title={t("analyses.title")}>
          <Analyses />
        </Section>
        <Section title={t("limits.title")}>
          <List size="sm" spacing={6}>
            {["device", "bundled", "official"].map((limit) => (
              <List.Item key={limit}>{t(`limits.${limit}`)}</List.Item>
            ))}
          </List>
        </Section>
        <Section title={t("more.title")}>
          <List size="sm" spacing={6}>
            {LINKS.map(([name, to]) => (
              <List.Item key={name}>
                <Link to={to}>{t(`more.${name}`)}</Link>
              </List.Item>
            ))}
            <List.Item>
              <a href="/docs">{t("more.api")}</a>
            </List.Item>
          </List>
          <Text size="sm" c="dimmed" mt="sm">
            {t("more.docs")}
          </Text>
        </Section>
      </Stack>
    </Page>
  );
}
