import { Button, Group, Kbd, NumberInput, Popover, Stack } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import type { Dispatch } from "react";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";

import type { Action } from "./state";
import { type Preset, presetOf, type WindowLevel } from "./windows";

interface Props {
  window: WindowLevel;
  presets: readonly Preset[];
  dispatch: Dispatch<Action>;
}

/** Level and width as numbers, and the usual ones at hand. */
export function WindowControl({ window, presets, dispatch }: Props) {
  const { t } = useTranslation("viewer");
  const format = useFormat();
  const [level, width] = [format.number(window.level), format.number(window.width)];
  const current = presetOf(presets, window);
  const set = (part: Partial<WindowLevel>) =>
    dispatch({ do: "window", window: { level: window.level, width: window.width, ...part } });
  return (
    <Popover position="bottom-start" trapFocus returnFocus width={260}>
      <Popover.Target>
        <Button
          size="compact-sm"
          h={28}
          variant="default"
          rightSection={<IconChevronDown size={14} />}
          aria-label={t("window.label", { level, width })}
          className="tabular"
        >
          {`L ${level} W ${width}`}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <Stack gap={4} role="group" aria-label={t("window.presets")}>
          {presets.map((preset, at) => (
            <Button
              key={preset.name}
              size="compact-sm"
              variant={current === preset.name ? "light" : "subtle"}
              color={current === preset.name ? undefined : "gray"}
              justify="space-between"
              rightSection={<Kbd size="xs">{at + 1}</Kbd>}
              aria-pressed={current === preset.name}
              onClick={() => set({ level: preset.level, width: preset.width })}
            >
              {t(`window.${preset.name}`)}
            </Button>
          ))}
        </Stack>
        <Group gap="xs" mt="xs" grow>
          <NumberInput
            size="xs"
            label={t("window.level")}
            value={Math.round(window.level)}
            onChange={(value) => typeof value === "number" && set({ level: value })}
          />
          <NumberInput
            size="xs"
            label={t("window.width")}
            min={1}
            value={Math.round(window.width)}
            onChange={(value) => typeof value === "number" && value > 0 && set({ width: value })}
          />
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}
