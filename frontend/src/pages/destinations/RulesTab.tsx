import { Button, Group, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { ConfirmDialog, type Question } from "@/components/ConfirmDialog";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Waiting } from "@/components/Waiting";

import { useDestinations, useRenew, useRules } from "./queries";
import { RuleDialog } from "./RuleDialog";
import { type Rule, ruleGiven } from "./rules";
import { RuleTable } from "./RuleTable";

const at = ({ name }: Rule) => ({ params: { path: { name } } });

/** The rules: what goes where by itself. */
export function RulesTab() {
  const { t } = useTranslation("destinations");
  const { data, error, refetch } = useRules();
  const { data: known } = useDestinations();
  const renew = useRenew();
  const [edited, setEdited] = useState<Rule | "new" | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);

  const askSwitch = (rule: Rule) => {
    const action = t(rule.enabled ? "rules.switchOff" : "rules.switchOn");
    setQuestion({
      title: `${action}: ${rule.name}`,
      text: t("rules.removeText"),
      action,
      run: async () => {
        const body = { ...ruleGiven(rule), enabled: !rule.enabled };
        await http.PUT("/api/v1/delivery-rules/{name}", { ...at(rule), body });
        await renew();
      },
    });
  };
  const askRemove = (rule: Rule) =>
    setQuestion({
      title: t("rules.removeTitle", { name: rule.name }),
      text: t("rules.removeText"),
      action: t("rules.remove"),
      harmful: true,
      run: async () => {
        await http.DELETE("/api/v1/delivery-rules/{name}", at(rule));
        await renew();
      },
    });

  if (error && !data) return <ErrorPanel error={error} retry={() => void refetch()} />;
  if (!data || !known) return <Waiting />;
  const isPossible = known.destinations.length > 0;
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text size="sm" c="dimmed">
          {t("rules.text")}
        </Text>
        <Button
          leftSection={<IconPlus size={16} />}
          disabled={!isPossible}
          onClick={() => setEdited("new")}
        >
          {t("rules.add")}
        </Button>
      </Group>
      {data.rules.length === 0 ? (
        <Text size="sm">{t(isPossible ? "rules.none" : "rules.noDestination")}</Text>
      ) : (
        <RuleTable
          rules={data.rules}
          destinations={known.destinations}
          onChange={setEdited}
          onSwitch={askSwitch}
          onRemove={askRemove}
        />
      )}
      <RuleDialog
        edited={edited}
        rules={data.rules}
        destinations={known.destinations}
        onClose={() => setEdited(null)}
        onSaved={() => {
          setEdited(null);
          void renew();
        }}
      />
      <ConfirmDialog question={question} onClose={() => setQuestion(null)} />
    </>
  );
}
