import { Alert, Button, Group, Popover, Stack, Text, Textarea } from "@mantine/core";
import { IconDeviceFloppy, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "@/api/errors";
import { useRefusal } from "@/components/useRefusal";
import { useTerms } from "@/terms";

import { Tool } from "../ToolButton";
import { LONGEST_COMMENT } from "./api";
import type { Editing } from "./useEditing";

interface Props {
  editing: Editing;
  /** There are edits, and all that was begun is among them. */
  canSave: boolean;
  isOpen: boolean;
  onOpen: (isOpen: boolean) => void;
}

/** Saves, with a comment for whoever wants to write one; says what went wrong. */
export function SaveButton({ editing, canSave, isOpen, onOpen }: Props) {
  const { t } = useTranslation("viewer");
  const { saving } = editing;
  const [comment, setComment] = useState("");
  return (
    <Popover
      position="bottom-end"
      trapFocus
      returnFocus
      width={320}
      opened={isOpen}
      onChange={onOpen}
      closeOnClickOutside={!saving.isBusy}
    >
      <Popover.Target>
        <Button
          size="compact-sm"
          h={28}
          leftSection={<IconDeviceFloppy size={16} />}
          disabled={!canSave}
          loading={saving.isBusy}
          aria-keyshortcuts="Control+S"
          onClick={() => onOpen(!isOpen)}
        >
          {t("edit.save.open")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="sm" role="dialog" aria-label={t("edit.save.open")}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void saving.save(comment.trim());
          }}
        >
          <Stack gap="xs">
            <Text size="sm">{t("edit.save.text")}</Text>
            <Textarea
              size="xs"
              label={t("edit.save.comment")}
              description={t("edit.save.noPatient")}
              autosize
              minRows={2}
              maxLength={LONGEST_COMMENT}
              value={comment}
              disabled={saving.isBusy}
              onChange={(event) => setComment(event.currentTarget.value)}
            />
            <Trouble editing={editing} />
            <Group justify="end" gap="xs">
              {saving.isBusy && (
                <Text size="xs" c="dimmed" role="status">
                  {t("edit.save.busy")}
                </Text>
              )}
              <Button
                size="xs"
                type="submit"
                disabled={!canSave}
                loading={saving.isBusy}
                data-autofocus
              >
                {t(saving.error === null ? "edit.save.now" : "edit.save.again")}
              </Button>
            </Group>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

/** Why it was not saved, and what can be done. */
function Trouble({ editing: { saving, draft } }: { editing: Editing }) {
  const { t } = useTranslation("viewer");
  const refusal = useRefusal();
  const terms = useTerms();
  if (saving.failed) {
    const { error, number } = saving.failed;
    const why = error ? terms.statement(error, "") : "";
    return (
      <Alert color="red" p="xs" role="alert">
        {t("edit.save.failed", { number, why })}
      </Alert>
    );
  }
  if (saving.error === null) return null;
  const isOffline = saving.error instanceof ApiError && saving.error.status === 0;
  const where = draft.isUnkept ? "unkept" : isOffline ? "offline" : "kept";
  return (
    <Alert color="red" p="xs" role="alert">
      <Stack gap="xs" align="start">
        {refusal(saving.error)}
        <Text size="xs">{t(`edit.save.${where}`)}</Text>
        {saving.isOtherBase && (
          <Button
            size="compact-xs"
            variant="default"
            h="auto"
            py={4}
            styles={{ label: { whiteSpace: "normal", lineHeight: 1.3 } }}
            onClick={() => void saving.merge()}
          >
            {t("edit.save.merge")}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** Ends editing; asks before edits are lost. */
export function LeaveButton({ editing, hasEdits }: { editing: Editing; hasEdits: boolean }) {
  const { t } = useTranslation("viewer");
  const [isAsking, setAsking] = useState(false);
  const { saving, leave } = editing;
  if (!hasEdits)
    return <Tool icon={IconX} label={t("edit.leave.now")} onClick={() => void leave()} />;
  return (
    <Popover
      position="bottom-end"
      trapFocus
      returnFocus
      width={280}
      opened={isAsking && !saving.isBusy}
      onChange={setAsking}
    >
      <Popover.Target>
        <div style={{ display: "flex" }}>
          <Tool
            icon={IconX}
            label={t("edit.leave.now")}
            disabled={saving.isBusy}
            onClick={() => setAsking(!isAsking)}
          />
        </div>
      </Popover.Target>
      <Popover.Dropdown p="sm" role="dialog" aria-label={t("edit.leave.now")}>
        <Stack gap="xs">
          <Text size="sm">{t("edit.leave.question")}</Text>
          <Group gap="xs" justify="end">
            <Button size="xs" variant="default" onClick={() => setAsking(false)}>
              {t("edit.leave.stay")}
            </Button>
            <Button size="xs" color="red" onClick={() => void leave()}>
              {t("edit.leave.discard")}
            </Button>
          </Group>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
