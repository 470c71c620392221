import { Anchor, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Schemas } from "@/api/client";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Section } from "@/components/Section";
import { Waiting } from "@/components/Waiting";
import { useFormat } from "@/i18n/format";
import { STATE_GROUPS, type StudyState } from "@/pages/worklist/view";

import classes from "./QueueSection.module.css";
import { useQueue } from "./queries";

type Queue = Schemas["Queue"];

/** In the order a study goes through them; those that end it come last. */
const STATES = [
  "receiving", "queued", "preparing", "segmenting", "analyzing", "publishing",
  "sending", "failed", "held", "refused", "cancelled", "deleting", "stored", "sent", "done",
] as const; // prettier-ignore
const ALWAYS = new Set<string>(["receiving", "queued", "segmenting", "failed", "done"]);

/** The worklist with the studies in this state, and its like. */
function worklistOf(state: StudyState): string {
  const group = Object.entries(STATE_GROUPS).find(([, states]) =>
    (states as readonly StudyState[]).includes(state),
  );
  return group ? `/?state=${group[0]}&sort=state` : "/";
}

/** How the work stands: what waits, what runs, how long it takes. */
export function QueueSection() {
  const { t } = useTranslation("system");
  const { data: queue, error } = useQueue();
  return (
    <Section title={t("queue.title")}>
      {error && <ErrorPanel error={error} />}
      {queue ? (
        <Stack gap="md">
          <States queue={queue} />
          <Figures queue={queue} />
        </Stack>
      ) : (
        !error && <Waiting />
      )}
    </Section>
  );
}

function States({ queue }: { queue: Queue }) {
  const { t } = useTranslation(["system", "terms"]);
  const format = useFormat();
  const shown = STATES.filter((state) => ALWAYS.has(state) || (queue.by_state[state] ?? 0) > 0);
  return (
    <ul className={classes.states}>
      {shown.map((state) => {
        const count = queue.by_state[state] ?? 0;
        return (
          <li key={state} data-state={count > 0 ? state : undefined}>
            <Link to={worklistOf(state)} className={classes.state}>
              <span className={classes.count}>{format.number(count)}</span>
              <span>{t(`terms:state.${state}`)}</span>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}

function Figures({ queue }: { queue: Queue }) {
  const { t } = useTranslation("system");
  const format = useFormat();
  const stages = Object.entries(queue.stage_seconds);
  const figures = [
    [t("queue.running"), t("queue.runningOf", { count: queue.running, parallel: queue.parallel })],
    [
      t("queue.oldest"),
      queue.oldest_waiting_s === null
        ? t("queue.nothingWaits")
        : format.duration(queue.oldest_waiting_s),
    ],
    [t("queue.done24h"), format.number(queue.done_24h)],
    [t("queue.failed24h"), format.number(queue.failed_24h)],
  ] as const;
  return (
    <>
      <div className={classes.figures}>
        {figures.map(([name, value]) => (
          <div key={name}>
            <Text size="xs" c="dimmed">
              {name}
            </Text>
            <Text fw={600}>{value}</Text>
          </div>
        ))}
      </div>
      <div>
        <Text size="xs" c="dimmed" mb={4}>
          {t("queue.stages")}
        </Text>
        {stages.length === 0 ? (
          <Text size="sm">{t("queue.noStages")}</Text>
        ) : (
          <Group gap="lg">
            {stages.map(([stage, seconds]) => (
              <Text size="sm" key={stage}>
                {t(`queue.stage.${stage}`, { defaultValue: stage })}{" "}
                <b className="tabular">{format.duration(seconds)}</b>
              </Text>
            ))}
          </Group>
        )}
      </div>
      <Anchor component={Link} to="/" size="sm">
        {t("queue.worklist")}
      </Anchor>
    </>
  );
}
