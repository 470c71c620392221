import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import {
  IconBan,
  IconBolt,
  IconBoltOff,
  IconDots,
  IconFlag,
  IconFlagOff,
  IconMail,
  IconMailOpened,
  IconPlayerPlay,
  IconPrinter,
  IconRefresh,
  IconRotateClockwise,
  IconSend,
  IconTrash,
  type TablerIcon,
} from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useSession } from "@/app/session";

import { VerifyButton } from "../corrections/VerifyButton";
import type { Study } from "../queries";
import { type Command, commandsFor, mainCommand, permissionOf } from "./commands";
import { DeleteDialog } from "./DeleteDialog";
import { DownloadMenu } from "./DownloadMenu";
import { SendDialog } from "./SendDialog";
import { useCommand } from "./useCommand";

const ICONS: Record<Command, TablerIcon> = {
  start: IconPlayerPlay,
  cancel: IconBan,
  retry: IconRotateClockwise,
  reprocess: IconRefresh,
  stat: IconBolt,
  routine: IconBoltOff,
  flag: IconFlag,
  unflag: IconFlagOff,
  read: IconMailOpened,
  unread: IconMail,
  delete: IconTrash,
};

/** What can be done to the study: the report, what helps now, and everything else in a menu. */
export function StudyActions({ study }: { study: Study }) {
  const { t } = useTranslation("study");
  const { permissions } = useSession();
  const { ask, busy } = useCommand(study.id);
  const [deleting, setDeleting] = useState(false);
  const commands = commandsFor(study).filter((one) => permissions.includes(permissionOf(one)));
  const main = mainCommand(study);
  const [sending, setSending] = useState(false);
  const maySend = permissions.includes("operate") && study.has_results;

  const choose = (command: Command) =>
    command === "delete" ? setDeleting(true) : ask({ command });

  return (
    <>
      {main && main !== "delete" && commands.includes(main) && (
        <Button size="xs" loading={busy === main} onClick={() => choose(main)}>
          {t(`command.${main}.label`)}
        </Button>
      )}
      {study.results && <VerifyButton study={study} results={study.results} />}
      {study.results && (
        <Button
          size="xs"
          variant="default"
          component={Link}
          to={`/studies/${study.id}/report`}
          leftSection={<IconPrinter size={16} />}
        >
          {t("report")}
        </Button>
      )}
      {study.results && <DownloadMenu studyId={study.id} results={study.results} />}
      {commands.length > 0 && (
        <Menu position="bottom-end" width={250} withinPortal>
          <Menu.Target>
            <Tooltip label={t("more")}>
              <ActionIcon variant="default" size={30} aria-label={t("more")}>
                <IconDots size={18} />
              </ActionIcon>
            </Tooltip>
          </Menu.Target>
          <Menu.Dropdown>
            {maySend && (
              <Menu.Item leftSection={<IconSend size={16} />} onClick={() => setSending(true)}>
                {t("send.open")}
              </Menu.Item>
            )}
            {commands.map((command) => {
              const Icon = ICONS[command];
              return (
                <Menu.Item
                  key={command}
                  leftSection={<Icon size={16} />}
                  color={command === "delete" ? "red" : undefined}
                  disabled={busy !== null}
                  onClick={() => choose(command)}
                >
                  {t(`command.${command}.label`)}
                </Menu.Item>
              );
            })}
          </Menu.Dropdown>
        </Menu>
      )}
      <SendDialog study={study} opened={sending} onClose={() => setSending(false)} />
      <DeleteDialog study={study} opened={deleting} onClose={() => setDeleting(false)} />
    </>
  );
}
