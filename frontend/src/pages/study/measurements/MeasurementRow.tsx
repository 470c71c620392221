import { ActionIcon, Text } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { unitText, useTerms } from "@/terms";

import { CorrectedLine } from "../corrections/CorrectedLine";
import { HandMenu } from "../corrections/HandMenu";
import { useHand } from "../corrections/hand";
import { levelOfMeasurement } from "../corrections/levels";
import { subjectsOf } from "../corrections/subjects";
import type { Measurement } from "../queries";
import { useStudyView } from "../view";
import { Change } from "./Change";
import { FlagMark } from "./FlagMark";
import { HowMeasured } from "./HowMeasured";
import { JumpButton } from "./JumpButton";
import classes from "./Measurements.module.css";
import { comparedNorms, flagOf } from "./reference";
import { ReferenceBar } from "./ReferenceBar";
import { rangeText } from "./report";
import { Sparkline } from "./Sparkline";
import { trendOf } from "./trend";

/** One measurement: its value, what it is compared with, and on request how it came to be. */
export function MeasurementRow({ measurement }: { measurement: Measurement }) {
  const { t } = useTranslation(["study", "terms"]);
  const terms = useTerms();
  const { history } = useStudyView();
  const { rejectionOf } = useHand();
  const [open, setOpen] = useState(false);
  const id = useId();
  const { name, value, unit, status, reference } = measurement;
  const norm = comparedNorms(measurement)[0];
  const label = terms.measurement(name);
  const flag = flagOf(measurement);
  const trend = trendOf(history, name, unit);
  const isRejected = rejectionOf("measurement", name) !== undefined;

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
      <HandMenu subjects={subjectsOf(measurement, terms)} level={levelOfMeasurement(measurement)} />
      {(measurement.corrected || isRejected) && (
        <div className={classes.second}>
          <CorrectedLine measurement={measurement} />
        </div>
      )}
      {status !== "measured" && !isRejected && (
        <div className={classes.second}>
          {terms.statement(measurement.reason_coded, measurement.reason)}
        </div>
      )}
      {(reference ?? norm ?? trend) && (
        <div className={classes.second}>
          {flag && <FlagMark flag={flag} />}
          {reference && (
            <span className={classes.pair}>
              {typeof value === "number" && <ReferenceBar value={value} reference={reference} />}
              {rangeText(reference, terms.language)}
            </span>
          )}
          {norm && <span>{terms.statement(norm.said_coded, norm.said)}</span>}
          {trend && (
            <span className={classes.pair}>
              {trend.alike.length > 1 && (
                <Sparkline
                  values={trend.alike.map((point) => point.value)}
                  current={trend.alike.indexOf(trend.current)}
                />
              )}
              <Change trend={trend} unit={unit} />
            </span>
          )}
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
