import { ActionIcon, Button, CloseButton, Group, Menu, Text } from "@mantine/core";
import {
  IconBolt,
  IconDots,
  IconFlag3,
  IconMailOpened,
  IconPlayerStop,
  IconRefresh,
  IconTrash,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useMay } from "@/app/session";

import { type Doing, nameOf, ROUTINE, STAT } from "./commands";

interface Props {
  count: number;
  busy: boolean;
  onDo: (doing: Doing) => void;
  onClear: () => void;
}

const MORE: Doing[] = [
  { action: "read", on: false },
  { action: "priority", priority: ROUTINE },
  { action: "flag", on: true },
  { action: "flag", on: false },
  { action: "start" },
  { action: "reprocess" },
];

/** What can be done to the selected studies; by whom it may be done. */
export function BulkBar({ count, busy, onDo, onClear }: Props) {
  const { t } = useTranslation("worklist");
  const mayOperate = useMay("operate");
  const mayDelete = useMay("admin");
  const button = (doing: Doing, Icon: typeof IconBolt) => (
    <Button
      size="xs"
      variant="default"
      leftSection={<Icon size={15} />}
      disabled={busy}
      onClick={() => onDo(doing)}
    >
      {t(`actions.${nameOf(doing)}`)}
    </Button>
  );
  return (
    <Group
      role="toolbar"
      aria-label={t("actions.label")}
      px="md"
      py={6}
      gap={6}
      mih={44}
      bg="light-dark(var(--mantine-color-bifrost-0), #10262b)"
    >
      <CloseButton size="sm" onClick={onClear} aria-label={t("actions.none")} />
      <Text size="sm" fw={600} mr="xs" role="status">
        {t("actions.selected", { count })}
      </Text>
      {mayOperate && (
        <>
          {button({ action: "read", on: true }, IconMailOpened)}
          {button({ action: "priority", priority: STAT }, IconBolt)}
          {button({ action: "retry" }, IconRefresh)}
          {button({ action: "cancel" }, IconPlayerStop)}
        </>
      )}
      {mayDelete && button({ action: "delete" }, IconTrash)}
      {mayOperate && (
        <Menu position="top-start">
          <Menu.Target>
            <ActionIcon variant="default" size={30} aria-label={t("actions.more")}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {MORE.map((doing) => (
              <Menu.Item
                key={nameOf(doing)}
                leftSection={doing.action === "flag" ? <IconFlag3 size={15} /> : undefined}
                disabled={busy}
                onClick={() => onDo(doing)}
              >
                {t(`actions.${nameOf(doing)}`)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </Group>
  );
}
