import { Group, Progress, Stack, Text } from "@mantine/core";
import { IconCheck, IconCircle, IconLoader2, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";

import { WORKING } from "./actions/commands";
import type { Study } from "./queries";
import { type StageNow, stagesOf } from "./stages";

const ICONS = { done: IconCheck, now: IconLoader2, stopped: IconX, waiting: IconCircle };

/** The newest run, stage by stage, as it goes on. */
export function StageProgress({ study }: { study: Study }) {
  const { t } = useTranslation("study");
  const format = useFormat();
  const run = study.runs[0];
  if (!run) return null;
  const working = WORKING.includes(study.state);
  return (
    <Stack gap={8}>
      {working && (
        <Progress
          value={study.progress * 100}
          aria-label={t("progress.label")}
          size="sm"
          transitionDuration={300}
        />
      )}
      <Group gap="md">
        <Group gap="md" component="ol" m={0} p={0} style={{ listStyle: "none" }}>
          {stagesOf(run).map((one) => (
            <StageItem key={one.stage} stage={one} />
          ))}
        </Group>
        {working && (
          <Text size="sm" c="dimmed" ml="auto">
            {[
              format.percent(study.progress),
              study.remaining_s != null &&
                t("progress.remaining", { time: format.duration(study.remaining_s) }),
            ]
              .filter(Boolean)
              .join(" · ")}
          </Text>
        )}
      </Group>
    </Stack>
  );
}

function StageItem({ stage }: { stage: StageNow }) {
  const { t } = useTranslation("study");
  const format = useFormat();
  const Icon = ICONS[stage.is];
  return (
    <Group
      component="li"
      gap={5}
      c={stage.is === "waiting" ? "dimmed" : stage.is === "stopped" ? "red" : undefined}
      aria-current={stage.is === "now" ? "step" : undefined}
    >
      <Icon size={16} aria-hidden />
      <Text size="sm" inherit fw={stage.is === "now" ? 650 : 400}>
        {t(`stage.${stage.stage}`)}
        {stage.seconds !== null && ` · ${format.duration(stage.seconds)}`}
        {` (${t(`stageIs.${stage.is}`)})`}
      </Text>
    </Group>
  );
}
