import { Button, Popover, Text } from "@mantine/core";
import { IconBrush } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { capitalised, useTerms } from "@/terms";

import type { Refusal } from "./refusal";
import type { Editing } from "./useEditing";

/** Begins editing; where that cannot be, it says why. */
export function EditButton({ editing }: { editing: Editing }) {
  const { t } = useTranslation("viewer");
  const why = useRefusalText(editing.refusal);
  if (!editing.isAllowed) return null;
  const button = {
    size: "compact-sm",
    h: 28,
    variant: editing.session ? "light" : "default",
    leftSection: <IconBrush size={16} />,
    children: t("edit.begin"),
  } as const;
  if (why === null)
    return (
      <Button {...button} aria-pressed={editing.session !== null} onClick={() => editing.begin()} />
    );
  return (
    <Popover width={260} position="bottom-end" withArrow>
      <Popover.Target>
        {/* Not `disabled`: whoever presses it is told why. */}
        <Button {...button} data-disabled aria-disabled title={why} />
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <Text size="sm">{why}</Text>
      </Popover.Dropdown>
    </Popover>
  );
}

function useRefusalText(refusal: Refusal | null): string | null {
  const { t } = useTranslation("viewer");
  const terms = useTerms();
  if (refusal === null) return null;
  if (typeof refusal === "string") return t(`edit.refusal.${refusal}`);
  const { told } = refusal;
  return told
    ? capitalised(terms.statement(told, t("edit.refusal.unknown")))
    : t("edit.refusal.unknown");
}
