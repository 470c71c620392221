/** What stands in a row of the worklist. */
import { IconFlag3, IconFlask, IconRosetteDiscountCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { Ago } from "@/components/Ago";
import { FindingChip } from "@/components/FindingChip";
import { Missing } from "@/components/Missing";
import { clockTime } from "@/components/patientText";
import { readableName } from "@/components/personName";
import { StudyProgress } from "@/components/StudyProgress";
import { useAgeSex } from "@/components/useAgeSex";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import classes from "./cells.module.css";
import { chipsOf } from "./chips";
import type { Study } from "./useWorklist";

interface Props {
  study: Study;
}

function useText() {
  return useTranslation("worklist").t;
}

/** Text on one line, whole in the tooltip; a reason where there is none. */
function Text({ text, why, number }: { text: string; why: string; number?: boolean }) {
  if (!text) return <Missing why={why} />;
  return (
    <span className={number ? `${classes.text} ${classes.number}` : classes.text} title={text}>
      {text}
    </span>
  );
}

export function MarksCell({ study }: Props) {
  const t = useText();
  const terms = useTerms();
  const notices = terms.statements(study.notices_coded, study.notices).join("; ");
  return (
    <span className={classes.marks}>
      {study.unread && (
        <span
          className={classes.unreadDot}
          role="img"
          aria-label={t("row.unread")}
          title={t("row.unread")}
        />
      )}
      {study.stat && <span className={classes.stat}>{t("row.stat")}</span>}
      {study.flagged && (
        <IconFlag3
          size={15}
          className={classes.flag}
          role="img"
          aria-label={t("row.flagged")}
          title={t("row.flagged")}
        />
      )}
      {study.verified !== "no" && (
        <IconRosetteDiscountCheck
          size={15}
          color={`var(--mantine-color-${study.verified === "yes" ? "teal" : "yellow"}-text)`}
          role="img"
          aria-label={t(`row.verified.${study.verified}`)}
          title={t(`row.verified.${study.verified}`)}
        />
      )}
      {notices && (
        <span className={classes.notice} role="img" aria-label={notices} title={notices}>
          <IconFlask size={15} aria-hidden display="block" />
        </span>
      )}
    </span>
  );
}

export function StateCell({ study }: Props) {
  return <StudyProgress study={study} />;
}

export function PatientCell({ study }: Props) {
  const t = useText();
  const name = readableName(study.patient_name);
  return (
    <Link
      to={`/studies/${study.id}`}
      tabIndex={-1}
      className={`${classes.text} ${classes.patient} ${study.unread ? classes.unread : ""}`}
      title={name || t("missing.name")}
    >
      {name || <span className={classes.dimmed}>{t("row.noName")}</span>}
    </Link>
  );
}

export function PatientIdCell({ study }: Props) {
  return <Text text={study.patient_id} why={useText()("missing.patientId")} number />;
}

export function AgeCell({ study }: Props) {
  return <Text text={useAgeSex()(study)} why={useText()("missing.age")} number />;
}

export function DateCell({ study }: Props) {
  const t = useText();
  const format = useFormat();
  if (!study.study_date) return <Missing why={t("missing.date")} />;
  const time = clockTime(study.study_time);
  return (
    <span className={`${classes.text} ${classes.number}`}>
      {format.shortDate(study.study_date)} {time && <span className={classes.dimmed}>{time}</span>}
    </span>
  );
}

export function AccessionCell({ study }: Props) {
  return <Text text={study.accession_number} why={useText()("missing.accession")} number />;
}

export function ModalityCell({ study }: Props) {
  const text = study.modality || study.modalities.join(" ");
  return <Text text={text} why={useText()("missing.modality")} />;
}

export function DescriptionCell({ study }: Props) {
  return <Text text={study.description} why={useText()("missing.description")} />;
}

export function RegionsCell({ study }: Props) {
  const t = useText();
  const terms = useTerms();
  const regions = study.body_regions.map((region) => terms.region(region)).join(", ");
  return (
    <Text text={regions} why={t(study.has_results ? "missing.noRegions" : "missing.regions")} />
  );
}

/** Findings, the worst and not acknowledged ones first; or why there are no results. */
export function FindingsCell({ study }: Props) {
  const t = useText();
  if (study.state === "held") {
    const held = t("row.held", { count: study.patients });
    return (
      <span className={`${classes.text} ${classes.error}`} title={held}>
        {held}
      </span>
    );
  }
  if (study.error && study.findings.length === 0)
    return (
      <span className={`${classes.text} ${classes.error}`} title={study.error}>
        {study.error}
      </span>
    );
  if (!study.has_results) return <Missing why={t("missing.findings")} />;
  if (study.findings.length === 0) return <span className={classes.dimmed}>{t("noFindings")}</span>;
  const { shown, more } = chipsOf(study.findings, 2);
  return (
    <span className={classes.findings}>
      <span className={classes.chips}>
        {shown.map((finding, at) => (
          <span
            key={`${finding.code} ${finding.title}`}
            className={at === 0 ? classes.first : classes.second}
          >
            <FindingChip finding={finding} />
          </span>
        ))}
        <More count={more} className={classes.beside} />
        {/* In a narrow column the worst has its name, and all others are counted. */}
        <More count={study.findings.length - 1} className={classes.instead} />
      </span>
    </span>
  );
}

function More({ count, className }: { count: number; className: string | undefined }) {
  const t = useText();
  if (count <= 0) return null;
  return (
    <span className={`${classes.more} ${className ?? ""}`} title={t("row.more", { count })}>
      +{count}
    </span>
  );
}

export function ReceivedCell({ study }: Props) {
  return <Ago at={study.received_at} />;
}

export function TurnaroundCell({ study }: Props) {
  const t = useText();
  const format = useFormat();
  if (study.turnaround_s == null) return <Missing why={t("missing.turnaround")} />;
  return <span className={classes.number}>{format.duration(study.turnaround_s)}</span>;
}
