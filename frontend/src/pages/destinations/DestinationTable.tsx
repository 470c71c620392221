import { ActionIcon, Anchor, Badge, Button, Group, Menu, Table, Text } from "@mantine/core";
import {
  IconDots,
  IconListDetails,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconTrash,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Schemas } from "@/api/client";
import { Ago } from "@/components/Ago";
import { Missing } from "@/components/Missing";
import { WideTable } from "@/components/WideTable";
import { useFormat } from "@/i18n/format";

import { addressOf, type Destination, objectsOf } from "./peers";

type State = Schemas["DestinationState"];

interface Does {
  onTest: (destination: Destination) => void;
  onChange: (destination: Destination) => void;
  onSwitch: (destination: Destination) => void;
  onRemove: (destination: Destination) => void;
}

interface Props extends Does {
  destinations: readonly Destination[];
  states: readonly State[] | undefined;
}

const deliveriesOf = (name: string, show: string) =>
  `/destinations?${new URLSearchParams({ tab: "deliveries", to: name, show }).toString()}`;

/** Each with where it is, what it gets, and how it stands with it. */
export function DestinationTable({ destinations, states, ...does }: Props) {
  const { t } = useTranslation(["destinations", "delivery"]);
  const columns = ["name", "address", "gets", "state", "waiting", "failed", "sent"] as const;
  return (
    <WideTable label={t("title")} minWidth={1020} fz="sm">
      <Table.Thead>
        <Table.Tr>
          {columns.map((column) => (
            <Table.Th key={column}>{t(`destinations.${column}`)}</Table.Th>
          ))}
          <Table.Td />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {destinations.map((one) => (
          <Table.Tr key={one.name}>
            <Table.Th scope="row">
              {one.name}
              <Text size="xs" c="dimmed">
                {t(`kind.${one.peer.kind}`)}
              </Text>
            </Table.Th>
            <Table.Td style={{ overflowWrap: "anywhere" }} maw={260}>
              <code>{addressOf(one.peer)}</code>
            </Table.Td>
            <Table.Td>
              {objectsOf(one)
                .map((kind) => t(`delivery:short.${kind}`))
                .join(", ")}
            </Table.Td>
            <Table.Td>
              <Badge variant="light" color={one.enabled ? "teal" : "gray"}>
                {t(one.enabled ? "destinations.on" : "destinations.off")}
              </Badge>
            </Table.Td>
            <Standing name={one.name} state={states?.find(({ name }) => name === one.name)} />
            <Table.Td>
              <Actions destination={one} {...does} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </WideTable>
  );
}

/** What waits and what failed, each with the way to it. */
function Standing({ name, state }: { name: string; state: State | undefined }) {
  const { t } = useTranslation("destinations");
  const format = useFormat();
  if (!state)
    return (
      <Table.Td colSpan={3}>
        <Missing why={t("destinations.unknown")} />
      </Table.Td>
    );
  return (
    <>
      <Table.Td className="tabular">
        <Count
          count={state.waiting}
          to={deliveriesOf(name, "open")}
          label={t("destinations.waitingOne", { name })}
        />
        {state.oldest_waiting_s !== null && (
          <Text size="xs" c="dimmed">
            {t("destinations.oldest", { time: format.duration(state.oldest_waiting_s) })}
          </Text>
        )}
      </Table.Td>
      <Table.Td className="tabular">
        <Count
          count={state.failed_24h}
          to={deliveriesOf(name, "failed")}
          label={t("destinations.failedOne", { name })}
          color="red"
        />
      </Table.Td>
      <Table.Td>
        {state.last_sent_at ? <Ago at={state.last_sent_at} /> : t("destinations.never")}
      </Table.Td>
    </>
  );
}

function Count(props: { count: number; to: string; label: string; color?: string }) {
  const format = useFormat();
  const { count, to, label, color } = props;
  if (count === 0) return format.number(count);
  return (
    <Anchor component={Link} to={to} size="sm" fw={600} c={color} aria-label={`${label}: ${count}`}>
      {format.number(count)}
    </Anchor>
  );
}

function Actions({ destination, ...does }: { destination: Destination } & Does) {
  const { t } = useTranslation("destinations");
  const { name, enabled } = destination;
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      <Button
        size="compact-sm"
        variant="light"
        aria-label={t("destinations.testOne", { name })}
        onClick={() => does.onTest(destination)}
      >
        {t("destinations.test")}
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t("destinations.actions", { name })}
          >
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconPencil size={16} />}
            onClick={() => does.onChange(destination)}
          >
            {t("destinations.change")}
          </Menu.Item>
          <Menu.Item
            leftSection={enabled ? <IconPlayerPause size={16} /> : <IconPlayerPlay size={16} />}
            onClick={() => does.onSwitch(destination)}
          >
            {t(enabled ? "destinations.switchOff" : "destinations.switchOn")}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconListDetails size={16} />}
            component={Link}
            to={deliveriesOf(name, "all")}
          >
            {t("destinations.deliveries")}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconTrash size={16} />}
            color="red"
            onClick={() => does.onRemove(destination)}
          >
            {t("destinations.remove")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
