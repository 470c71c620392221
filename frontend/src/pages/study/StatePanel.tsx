import { Alert, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Ago } from "@/components/Ago";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import { WORKING } from "./actions/commands";
import { Log } from "./details/Log";
import type { Study } from "./queries";
import { StageProgress } from "./StageProgress";
import classes from "./StudyPage.module.css";
import { WhoseImages } from "./WhoseImages";

/** In the place of results: what is happening, or what happened and what to do. */
export function StatePanel({ study }: { study: Study }) {
  const { t } = useTranslation(["study", "terms"]);
  return (
    <section className={classes.state} aria-labelledby="state-title">
      <Stack gap="md" maw={720} w="100%">
        <Title order={2} size="h3" id="state-title">
          {t(`now.${study.state}.title`)}
        </Title>
        <Text size="sm">{t(`now.${study.state}.text`)}</Text>
        <Particulars study={study} />
      </Stack>
    </section>
  );
}

function Particulars({ study }: { study: Study }) {
  const { t } = useTranslation("study");
  if (study.state === "receiving") return <Received study={study} />;
  if (study.state === "queued") return <Waiting study={study} />;
  if (WORKING.includes(study.state)) return <StageProgress study={study} />;
  if (study.state === "failed" || study.state === "refused" || study.state === "cancelled")
    return <WhatHappened study={study} />;
  if (study.state === "held") return <WhoseImages study={study} />;
  return study.error ? (
    <Text lang="en">{study.error}</Text>
  ) : (
    <Text c="dimmed">{t("seeBelow")}</Text>
  );
}

function Received({ study }: { study: Study }) {
  const { t } = useTranslation("study");
  const format = useFormat();
  return (
    <div role="status">
      <Text fz={40} fw={650} lh={1.1} className="tabular" data-received>
        {format.number(study.instance_count)}
      </Text>
      <Text size="sm" c="dimmed">
        {t("receiving.images", {
          count: study.instance_count,
          size: format.bytes(study.size_bytes),
        })}
        {" · "}
        {t("receiving.last")} <Ago at={study.last_instance_at} />
      </Text>
    </div>
  );
}

function Waiting({ study }: { study: Study }) {
  const { t } = useTranslation("study");
  const format = useFormat();
  const run = study.runs[0];
  return (
    <Text size="sm" c="dimmed" role="status">
      {study.queue_position != null &&
        `${t("queued.place", { count: study.queue_position, ordinal: true })} · `}
      {run && (
        <>
          {t("queued.since")} <Ago at={run.queued_at} />
        </>
      )}
      {study.remaining_s != null &&
        ` · ${t("progress.remaining", { time: format.duration(study.remaining_s) })}`}
      {study.error && ` · ${study.error}`}
    </Text>
  );
}

function WhatHappened({ study }: { study: Study }) {
  const run = study.runs[0];
  return (
    <>
      {study.error && (
        <Alert color={study.state === "failed" ? "red" : "orange"} role="alert" lang="en">
          {study.error}
        </Alert>
      )}
      {study.state === "refused" && <Refusals study={study} />}
      {study.state === "failed" && <StageProgress study={study} />}
      {run && <Log run={run} opened={study.state === "failed"} />}
    </>
  );
}

/** Why none of the series can be measured. */
function Refusals({ study }: { study: Study }) {
  const { t } = useTranslation("study");
  const terms = useTerms();
  return (
    <ul style={{ margin: 0, paddingInlineStart: 20 }}>
      {study.series.map((series) => (
        <li key={series.uid}>
          <Text size="sm">
            {t("series.of", {
              number: series.number ?? "?",
              description: series.description || series.modality,
            })}
            :{" "}
            <Text span inherit c="dimmed">
              {terms.statements(series.reasons_coded, series.reasons).join("; ") ||
                t("series.notJudged")}
            </Text>
          </Text>
        </li>
      ))}
    </ul>
  );
}
