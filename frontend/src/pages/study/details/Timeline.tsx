import { Badge, Stack, Text, Title, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { actorName } from "@/components/actorName";
import { ErrorPanel } from "@/components/ErrorPanel";
import { useOlder } from "@/components/older";
import { OlderPager } from "@/components/OlderPager";
import { useFormat } from "@/i18n/format";

import { type Run, type Study, useEvents } from "../queries";
import { STAGES } from "../stages";
import classes from "./Details.module.css";
import { Log } from "./Log";

/** What happened, newest first; and each run with the time its stages took. */
export function Timeline({ study }: { study: Study }) {
  const { t } = useTranslation("study");
  return (
    <div className={classes.timeline}>
      <section>
        <Title order={3} size="h6" mb="xs">
          {t("timeline.events")}
        </Title>
        <Events studyId={study.id} />
      </section>
      <section>
        <Title order={3} size="h6" mb="xs">
          {t("timeline.runs")}
        </Title>
        {study.runs.length === 0 && <Text c="dimmed">{t("timeline.noRuns")}</Text>}
        <Stack gap="md">
          {study.runs.map((run) => (
            <RunCard key={run.workflow_id} run={run} />
          ))}
        </Stack>
      </section>
    </div>
  );
}

function Events({ studyId }: { studyId: number }) {
  const pages = useOlder();
  const { data, error, refetch } = useEvents(studyId, pages.before);
  if (error && !data) return <ErrorPanel error={error} retry={() => void refetch()} />;
  return (
    <>
      <ol className={classes.events}>
        {data?.events.map((event) => (
          <Entry key={event.id} event={event} />
        ))}
      </ol>
      <OlderPager pages={pages} next={data?.next} />
    </>
  );
}

function Entry({ event }: { event: Schemas["StudyEventOut"] }) {
  const { t, i18n } = useTranslation("study");
  const format = useFormat();
  const key = `event.${event.kind}`;
  const known = i18n.exists(key, { ns: "study" });
  return (
    <li>
      <time className={classes.when} dateTime={event.at}>
        {format.dateTime(event.at)}
      </time>
      <div>
        <Text size="sm" fw={550}>
          {known ? t(key as "event.done") : event.kind}
          {event.actor && ` · ${actorName(event.actor)}`}
        </Text>
        {event.message !== event.kind && (
          <Text size="xs" c="dimmed" lang="en">
            {event.message}
          </Text>
        )}
        {event.changes.map(({ fact, before, after }) => (
          <Text key={fact} size="xs">
            {t(`fact.${fact as "sex"}`, { defaultValue: fact })}: <s>{before}</s>{" "}
            {after ?? t("timeline.nothing")}
          </Text>
        ))}
      </div>
    </li>
  );
}

const COLOURS = ["blue.5", "bifrost.6", "grape.5", "teal.5"];

function RunCard({ run }: { run: Run }) {
  const { t } = useTranslation(["study", "terms"]);
  const format = useFormat();
  const total = Object.values(run.seconds).reduce((sum, seconds) => sum + seconds, 0);
  return (
    <div>
      <Text size="sm" fw={550}>
        {t("run.title", { revision: run.revision, attempt: run.attempt })}{" "}
        <Badge size="xs" variant="light" color={run.state === "failed" ? "red" : "gray"}>
          {t(`terms:state.${run.state}`)}
        </Badge>
      </Text>
      <Text size="xs" c="dimmed">
        {t(`cause.${run.cause as "received"}`, { defaultValue: run.cause })}
        {run.started_at && ` · ${format.dateTime(run.started_at)}`}
        {total > 0 && ` · ${format.duration(total)}`}
      </Text>
      {total > 0 && (
        <div className={classes.bar} aria-hidden>
          {STAGES.map((stage, n) => (
            <Tooltip key={stage} label={t(`stage.${stage}`)}>
              <div
                style={{
                  width: `${(100 * (run.seconds[stage] ?? 0)) / total}%`,
                  background: `var(--mantine-color-${(COLOURS[n] ?? "gray.5").replace(".", "-")})`,
                }}
              />
            </Tooltip>
          ))}
        </div>
      )}
      <Text size="xs" c="dimmed">
        {STAGES.filter((stage) => run.seconds[stage] !== undefined)
          .map((stage) => `${t(`stage.${stage}`)} ${format.duration(run.seconds[stage] ?? 0)}`)
          .join(" · ")}
      </Text>
      {run.error && (
        <Text size="xs" c={run.state === "failed" ? "red" : "dimmed"} lang="en">
          {run.error}
        </Text>
      )}
      <Log run={run} />
    </div>
  );
}
