import { ActionIcon, Button, CloseButton, Group, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconHighlight, IconTarget } from "@tabler/icons-react";
import { type ReactNode, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";
import { useRefusal } from "@/components/useRefusal";

import { BEGINNING, type Engine } from "../engine";
import { COMPARE_KEYS } from "../keys";
import { AXES } from "../layouts";
import type { ViewerManifest } from "../manifest";
import type { Layout } from "../state";
import { Tool } from "../ToolButton";
import classes from "./comparing.module.css";
import { Legend } from "./Legend";
import { OtherVersion } from "./sides";
import type { Comparing } from "./useComparing";

interface Props {
  comparing: Comparing;
  engine: Engine | null;
  manifest: ViewerManifest;
  layout: Layout;
  onClose: (() => void) | undefined;
  /** What can be done about the correction. */
  actions: ReactNode;
}

const SIDES = ["before", "after"] as const;
const never = () => () => undefined;
const atFirst = () => BEGINNING;

/** Both sides of a correction: which is shown, where they differ, and what became of the voxels. */
export function CompareBar({ comparing, engine, manifest, layout, onClose, actions }: Props) {
  const { t } = useTranslation("viewer");
  const { compared, comparison, side, isMarked, run } = comparing;
  const hasSlices = comparison != null && AXES[layout] !== undefined;
  return (
    <div
      className={classes.bar}
      role="toolbar"
      aria-label={t("compare.title")}
      data-compare={comparison === undefined ? "loading" : side}
    >
      <div className={classes.tools}>
        <Text size="sm" fw={600}>
          {t(compared.number ? "compare.correction" : "compare.networks", {
            number: compared.number,
          })}
        </Text>
        <div role="group" aria-label={t("compare.side")}>
          <Button.Group>
            {SIDES.map((one) => (
              <Button
                key={one}
                size="compact-sm"
                h={28}
                variant={one === side ? "light" : "default"}
                aria-pressed={one === side}
                aria-keyshortcuts={COMPARE_KEYS.flip}
                title={`${t("compare.shortcuts.flip")} (${COMPARE_KEYS.flip})`}
                disabled={!comparison}
                onClick={() => one !== side && run("flip")}
              >
                {t(`compare.${one}`)}
              </Button>
            ))}
          </Button.Group>
        </div>
        <Button
          size="compact-sm"
          h={28}
          variant={isMarked ? "light" : "default"}
          leftSection={<IconHighlight size={16} />}
          aria-pressed={isMarked}
          aria-keyshortcuts={COMPARE_KEYS.mark}
          title={`${t("compare.shortcuts.mark")} (${COMPARE_KEYS.mark})`}
          disabled={!comparison}
          onClick={() => run("mark")}
        >
          {t("compare.mark")}
        </Button>
        <ActionIcon.Group role="group" aria-label={t("compare.slices")}>
          <Tool
            icon={IconChevronLeft}
            label={t("compare.previous")}
            hotkey={COMPARE_KEYS.previous}
            disabled={!hasSlices}
            onClick={() => run("previous")}
          />
          <Tool
            icon={IconTarget}
            label={t("compare.largest")}
            hotkey={COMPARE_KEYS.largest}
            disabled={!hasSlices}
            onClick={() => run("largest")}
          />
          <Tool
            icon={IconChevronRight}
            label={t("compare.next")}
            hotkey={COMPARE_KEYS.next}
            disabled={!hasSlices}
            onClick={() => run("next")}
          />
        </ActionIcon.Group>
        <Here comparing={comparing} engine={engine} layout={layout} />
        <Group gap={8} className={classes.end} wrap="nowrap">
          {actions}
          <CloseButton size="sm" aria-label={t("compare.close")} onClick={onClose} />
        </Group>
      </div>
      {comparison && <Legend comparing={comparing} comparison={comparison} manifest={manifest} />}
    </div>
  );
}

/** What differs on this slice, and on how many; or why nothing can be compared. */
function Here({ comparing, engine, layout }: Pick<Props, "comparing" | "engine" | "layout">) {
  const { t } = useTranslation("viewer");
  const format = useFormat();
  const refusal = useRefusal();
  useSyncExternalStore(engine?.subscribe ?? never, engine?.view ?? atFirst);
  const { comparison, error } = comparing;
  if (error !== null)
    return (
      <Text className={classes.here} size="xs" c="red" role="alert">
        {error instanceof OtherVersion ? t("compare.otherVersion") : refusal(error)}
      </Text>
    );
  const axis = AXES[layout];
  const text = () => {
    if (comparison === undefined) return t("compare.loading");
    if (comparison === null) return t("compare.nothing");
    if (!engine || axis === undefined) return t("compare.noSlices");
    const voxels = comparison.slices[axis];
    return t("compare.here", {
      count: voxels[engine.sliceOf(axis)] ?? 0,
      voxels: format.number(voxels[engine.sliceOf(axis)] ?? 0),
      differing: format.number(voxels.filter(Boolean).length),
      slices: format.number(voxels.length),
    });
  };
  return (
    <Text className={classes.here} size="xs" c="dimmed" role="status" data-testid="compare-here">
      {text()}
    </Text>
  );
}
