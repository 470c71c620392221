import { Progress } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";

import classes from "./StudyProgress.module.css";

type Row = Pick<Schemas["StudyRow"], "state" | "progress" | "remaining_s">;

const WORKED_ON = ["preparing", "segmenting", "analyzing", "publishing"];
const KINDS: Record<string, string> = {
  receiving: "moving",
  queued: "moving",
  done: "done",
  failed: "failed",
  held: "failed",
  refused: "failed",
};

/** What is happening to a study; while it is worked on, how far that is and how long it takes. */
export function StudyProgress({ study }: { study: Row }) {
  const { t } = useTranslation("terms");
  const format = useFormat();
  const word = t(`state.${study.state}`);
  if (!WORKED_ON.includes(study.state)) {
    const kind = KINDS[study.state];
    return (
      <span className={classes.word} data-kind={kind}>
        <span className={classes.dot} data-kind={kind} aria-hidden />
        {word}
      </span>
    );
  }
  const share = format.percent(study.progress);
  const left = study.remaining_s == null ? share : format.duration(study.remaining_s);
  return (
    <div>
      <div className={classes.line}>
        <span>{word}</span>
        <span
          className={classes.left}
          title={study.remaining_s == null ? undefined : t("remaining", { time: left })}
        >
          {study.remaining_s == null ? left : `−${left}`}
        </span>
      </div>
      <Progress.Root size={4} transitionDuration={300}>
        <Progress.Section
          value={100 * study.progress}
          aria-label={word}
          aria-valuetext={
            study.remaining_s == null ? share : `${share}, ${t("remaining", { time: left })}`
          }
        />
      </Progress.Root>
    </div>
  );
}
