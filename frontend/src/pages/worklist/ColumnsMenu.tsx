import { ActionIcon, Button, Checkbox, Popover, Stack, Tooltip } from "@mantine/core";
import { IconColumns3 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { type ColumnId, columns } from "./columns";
import type { useColumnChoice } from "./useColumnChoice";

const CHOOSABLE = columns
  .filter((column) => column.enableHiding !== false)
  .map((column) => column.id as ColumnId);

/** Which columns are shown; this browser remembers. */
export function ColumnsMenu({ choice }: { choice: ReturnType<typeof useColumnChoice> }) {
  const { t } = useTranslation("worklist");
  return (
    <Popover position="bottom-end" trapFocus withRoles>
      <Popover.Target>
        <Tooltip label={t("columns.choose")}>
          <ActionIcon variant="default" size={30} aria-label={t("columns.choose")}>
            <IconColumns3 size={16} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap={8}>
          {CHOOSABLE.map((id) => (
            <Checkbox
              key={id}
              size="xs"
              label={t(`columns.${id}`)}
              checked={choice.visible[id] ?? true}
              onChange={(event) => choice.show(id, event.currentTarget.checked)}
            />
          ))}
          <Button
            size="compact-xs"
            variant="subtle"
            disabled={choice.isUsual}
            onClick={choice.reset}
          >
            {t("columns.usual")}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
