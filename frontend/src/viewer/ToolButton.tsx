import { ActionIcon, Tooltip } from "@mantine/core";
import type { IconEye } from "@tabler/icons-react";

interface ToolProps {
  icon: typeof IconEye;
  label: string;
  hotkey?: string;
  pressed?: boolean;
  disabled?: boolean;
  onClick: () => void;
}

/** As `aria-keyshortcuts` names keys. */
const NAMES: Record<string, string> = { "⌫": "Backspace" };

/** A button of the viewer's toolbars; its tip names its key. */
export function Tool({ icon: Icon, label, hotkey, pressed, disabled, onClick }: ToolProps) {
  return (
    <Tooltip label={hotkey ? `${label} (${hotkey})` : label} multiline maw={260}>
      <ActionIcon
        variant={pressed ? "light" : "default"}
        size="md"
        aria-label={label}
        aria-pressed={pressed}
        aria-keyshortcuts={hotkey && (NAMES[hotkey] ?? hotkey).replace("Ctrl", "Control")}
        disabled={disabled}
        onClick={onClick}
      >
        <Icon size={18} />
      </ActionIcon>
    </Tooltip>
  );
}
