import { Alert, Badge, Button, Collapse, Group, Stack, Table, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Section } from "@/components/Section";

import { split, type Weights } from "./weights";

const COLORS: Record<Weights["origin"], string> = {
  official: "teal",
  bundled: "orange",
  other: "yellow",
  missing: "gray",
};

/** Which networks segment, and where they come from. */
export function WeightsSection({ weights }: { weights: readonly Weights[] }) {
  const { t } = useTranslation("system");
  const [opened, { toggle }] = useDisclosure();
  const { present, missing } = split(weights);
  return (
    <div id="weights">
      <Section title={t("weights.title")}>
        <Stack gap="sm">
          {present.some((one) => one.origin === "bundled") && (
            <Alert
              color="yellow.4"
              variant="filled"
              autoContrast
              icon={<IconAlertTriangle />}
              title={t("weights.notClinical")}
            >
              {t("weights.bundledText")}
            </Alert>
          )}
          {present.length === 0 ? (
            <Text size="sm">{t("weights.none")}</Text>
          ) : (
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("weights.task")}</Table.Th>
                  <Table.Th>{t("weights.origin")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {present.map((one) => (
                  <Table.Tr key={one.task}>
                    <Table.Td>
                      <code>{one.task}</code>
                    </Table.Td>
                    <Table.Td>
                      <Badge
                        variant="light"
                        color={COLORS[one.origin]}
                        h="auto"
                        styles={{ label: { whiteSpace: "normal" } }}
                      >
                        {t(`weights.from.${one.origin}`)}
                      </Badge>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          )}
          {missing.length > 0 && (
            <>
              <Button
                variant="subtle"
                size="compact-sm"
                onClick={toggle}
                aria-expanded={opened}
                style={{ alignSelf: "flex-start" }}
              >
                {t("weights.missing", { count: missing.length })}
              </Button>
              <Collapse expanded={opened}>
                <Group gap={6}>
                  {missing.map((one) => (
                    <code key={one.task}>
                      {one.task}
                      {one.licence_required && ` (${t("weights.licence")})`}
                    </code>
                  ))}
                </Group>
              </Collapse>
            </>
          )}
        </Stack>
      </Section>
    </div>
  );
}
