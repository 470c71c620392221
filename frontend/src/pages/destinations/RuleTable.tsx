import { ActionIcon, Badge, Menu, Table, Text } from "@mantine/core";
import {
  IconDots,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconTrash,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { WideTable } from "@/components/WideTable";
import { useTerms } from "@/terms";

import { type Destination, objectsOf } from "./peers";
import { objectsOfRule, type Rule, ruleText } from "./rules";

interface Does {
  onChange: (rule: Rule) => void;
  onSwitch: (rule: Rule) => void;
  onRemove: (rule: Rule) => void;
}

interface Props extends Does {
  rules: readonly Rule[];
  destinations: readonly Destination[];
}

/** Each rule as a sentence, and what goes where by it. */
export function RuleTable({ rules, destinations, ...does }: Props) {
  const { t } = useTranslation(["destinations", "delivery"]);
  const { t: words } = useTranslation("destinations");
  const terms = useTerms();
  return (
    <WideTable label={t("tabs.rules")} minWidth={760} fz="sm">
      <Table.Thead>
        <Table.Tr>
          {(["name", "rule", "goes", "state"] as const).map((column) => (
            <Table.Th key={column}>{t(`rules.${column}`)}</Table.Th>
          ))}
          <Table.Td />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rules.map((rule) => {
          const destination = destinations.find(({ name }) => name === rule.destination);
          const objects = objectsOfRule(rule, destination ? objectsOf(destination) : []);
          return (
            <Table.Tr key={rule.name}>
              <Table.Th scope="row">{rule.name}</Table.Th>
              <Table.Td>{ruleText(rule, words, terms, terms.language)}</Table.Td>
              <Table.Td>
                <b>{rule.destination}</b>
                <Text size="xs" c="dimmed">
                  {objects.map((kind) => t(`delivery:short.${kind}`)).join(", ")}
                </Text>
              </Table.Td>
              <Table.Td>
                <Badge variant="light" color={rule.enabled ? "teal" : "gray"}>
                  {t(rule.enabled ? "rules.on" : "rules.off")}
                </Badge>
              </Table.Td>
              <Table.Td>
                <Actions rule={rule} {...does} />
              </Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </WideTable>
  );
}

function Actions({ rule, ...does }: { rule: Rule } & Does) {
  const { t } = useTranslation("destinations");
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t("rules.actions", { name: rule.name })}
        >
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => does.onChange(rule)}>
          {t("rules.change")}
        </Menu.Item>
        <Menu.Item
          leftSection={rule.enabled ? <IconPlayerPause size={16} /> : <IconPlayerPlay size={16} />}
          onClick={() => does.onSwitch(rule)}
        >
          {t(rule.enabled ? "rules.switchOff" : "rules.switchOn")}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconTrash size={16} />}
          color="red"
          onClick={() => does.onRemove(rule)}
        >
          {t("rules.remove")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
