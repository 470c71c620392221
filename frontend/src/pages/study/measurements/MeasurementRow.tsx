import { ActionIcon, Text } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";
import { unitText, useTerms } from "@/terms";

import type { Measurement } from "../queries";
import { useStudyView } from "../view";
import { FlagMark } from "./FlagMark";
import { HowMeasured } from "./HowMeasured";
import { JumpButton } from "./JumpButton";
import classes from "./Measurements.module.css";
import { flagOf } from "./reference";
import { ReferenceBar } from "./ReferenceBar";
import { rangeText } from "./report";
import { Sparkline } from "./Sparkline";
import { type Trend, trendOf } from "./trend";

/** One measurement: its value, what it is compared with, and on request how it came to be. */
export function MeasurementRow({ measurement }: { measurement: Measurement }) {
  const { t } = useTranslation(["study", "terms"]);
  const terms = useTerms();
  const { history } = useStudyView();
  const [open, setOpen] = useState(false);
  const id = useId();
  const { name, value, unit, status, reference } = measurement;
  const label = terms.measurement(name);
  const flag = flagOf(measurement);
  const trend = trendOf(history, name, unit);

  return (
    <li className={classes.row} data-measurement={name}>
      <JumpButton name={name} label={label}>
        {label}
      </JumpButton>
      <span className={`${classes.value} ${typeof value === "string" ? classes.words : ""}`}>
        {value === null ? (
          <Text span size="xs" c="dimmed">
            {t(`terms:status.${status}`)}
          </Text>
        ) : (
          <>
            {terms.value(value, unit)} <span className={classes.unit}>{unitText(unit)}</span>
          </>
        )}
      </span>
      <ActionIcon
        size="sm"
        variant="subtle"
        color="gray"
        aria-label={t("how.show", { what: label })}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        <IconInfoCircle size={15} />
      </ActionIcon>
      {status !== "measured" && (
        <div className={classes.second}>
          {terms.statement(measurement.reason_coded, measurement.reason)}
        </div>
      )}
      {(reference ?? trend) && (
        <div className={classes.second}>
          {flag && <FlagMark flag={flag} />}
          {reference && (
            <span className={classes.pair}>
              {typeof value === "number" && <ReferenceBar value={value} reference={reference} />}
              {rangeText(reference, terms.language)}
            </span>
          )}
          {trend && <TrendMark trend={trend} unit={unit} />}
        </div>
      )}
      {open && (
        <div id={id} className={classes.more}>
          <HowMeasured measurement={measurement} trend={trend} />
        </div>
      )}
    </li>
  );
}

function TrendMark({ trend, unit }: { trend: Trend; unit: string }) {
  const { t } = useTranslation("study");
  const format = useFormat();
  const terms = useTerms();
  const { previous, difference, share } = trend;
  const signed = (text: string) =>
    difference && difference > 0 ? `+${text}` : text.replace(/^-/, "−");
  return (
    <span className={classes.pair}>
      <Sparkline
        values={trend.points.map(({ value }) => value)}
        current={trend.points.indexOf(trend.current)}
      />
      {previous?.study.study_date && difference !== null
        ? t("trend.since", {
            change: signed(
              share === null ? terms.quantity(difference, unit) : format.percent(share),
            ),
            date: format.date(previous.study.study_date),
          })
        : t("trend.later")}
      {trend.otherPhase && ` · ${t("trend.otherPhaseShort")}`}
    </span>
  );
}
