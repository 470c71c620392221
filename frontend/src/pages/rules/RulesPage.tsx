import { Alert, Checkbox, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { api, type Schemas } from "@/api/client";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Page } from "@/components/Page";
import { Section } from "@/components/Section";
import { Waiting } from "@/components/Waiting";
import { useTerms } from "@/terms";

import { isOwn, matching } from "./rules";
import { RulesTable } from "./RulesTable";

/** Two rules that are no limits of a number, and cannot be changed. */
const OF_THE_STUDY = ["transitional_vertebra", "truncated_coverage"];

/** What makes a finding here: every rule with its limits, their sources, and whose it is. */
export function RulesPage() {
  const { t } = useTranslation("rules");
  const { data, error } = api.useQuery("get", "/api/v1/rules");
  return (
    <Page title={t("title")} size={1280}>
      {error && <ErrorPanel error={error} />}
      {data ? <Known answer={data} /> : !error && <Waiting />}
    </Page>
  );
}

function Known({ answer }: { answer: Schemas["FindingRules"] }) {
  const { t } = useTranslation("rules");
  const terms = useTerms();
  const [search, setSearch] = useState("");
  const [own, setOwn] = useState(false);
  const { file, broken } = answer;
  const shown = matching(answer.rules, search, terms.language).filter((one) => !own || isOwn(one));
  return (
    <Stack gap="md">
      {broken && (
        <Alert
          color="orange"
          variant="light"
          icon={<IconAlertTriangle />}
          title={t("broken.title", { file })}
        >
          <Text size="sm">{t("broken.text")}</Text>
          <Text size="sm" ff="monospace" lang="en" my={4} style={{ overflowWrap: "anywhere" }}>
            {broken.reason}
          </Text>
          {broken.remedy && (
            <Text size="sm" lang="en">
              {broken.remedy}
            </Text>
          )}
        </Alert>
      )}
      <Section title={t("asked")}>
        <Text size="sm" mb="sm" maw={820}>
          {t("text", { file })}
        </Text>
        <Group mb="sm">
          <TextInput
            aria-label={t("search")}
            placeholder={t("search")}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
            w={280}
          />
          <Checkbox
            label={t("own")}
            checked={own}
            onChange={(event) => setOwn(event.currentTarget.checked)}
          />
        </Group>
        {shown.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t("none")}
          </Text>
        ) : (
          <RulesTable rules={shown} />
        )}
        <Text size="sm" c="dimmed" mt="sm">
          {t("ofTheStudy", { names: OF_THE_STUDY.map(terms.finding).join("; ") })}
        </Text>
      </Section>
    </Stack>
  );
}
