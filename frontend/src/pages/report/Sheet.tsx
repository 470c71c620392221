import { useState } from "react";
import { useTranslation } from "react-i18next";

import { actorName } from "@/components/actorName";
import { ageIn, clockTime } from "@/components/patientText";
import { readableName } from "@/components/personName";
import { useFormat } from "@/i18n/format";
import { knownPicture, pictureUrl } from "@/pages/study/details/pictures";
import { originOf } from "@/pages/study/origin";
import type { Results, Study } from "@/pages/study/queries";
import { useTerms } from "@/terms";

import { Findings } from "./Findings";
import { KeyTable } from "./KeyTable";
import classes from "./Report.module.css";
import { reportPictures } from "./reportPictures";
import { useOnePage } from "./useOnePage";

/** The report itself: who, what was found and measured, on which pictures, with what. */
export function Sheet({ study, results }: { study: Study; results: Results }) {
  const { t } = useTranslation("report");
  const terms = useTerms();
  return (
    <article className={classes.sheet} ref={useOnePage()}>
      <header className={classes.head}>
        <div>
          <h1>{t("heading")}</h1>
          <p>{study.institution}</p>
        </div>
        <p className={classes.brand}>Heimdallr</p>
      </header>
      {study.notices.length > 0 && (
        <ul className={classes.notice}>
          {terms.statements(study.notices_coded, study.notices).map((notice) => (
            <li key={notice}>{notice}</li>
          ))}
        </ul>
      )}
      <PatientAndExam study={study} results={results} />
      {study.state !== "done" && <p className={classes.notice}>{t("notLatest")}</p>}
      <Findings results={results} />
      <KeyTable results={results} />
      <Pictures study={study} results={results} />
      <Footer study={study} results={results} />
    </article>
  );
}

function PatientAndExam({ study, results }: { study: Study; results: Results }) {
  const { t } = useTranslation(["report", "study", "terms"]);
  const format = useFormat();
  const sex = study.sex as "M" | "F" | "O" | null;
  const age = study.age_years === null ? null : ageIn(study.age_years);
  const series = results.identity?.SelectedSeries;
  const facts: [name: string, value: string | null | undefined][] = [
    [t("patient"), readableName(study.patient_name)],
    [t("study:facts.patientId"), study.patient_id],
    [t("birthDate"), study.birth_date && format.date(study.birth_date)],
    [
      t("sexAge"),
      [sex && t(`terms:sex.${sex}`), age && t(`study:age.${age[1]}`, { count: age[0] })]
        .filter(Boolean)
        .join(", "),
    ],
    [
      t("study:facts.date"),
      study.study_date &&
        [format.date(study.study_date), clockTime(study.study_time)].filter(Boolean).join(" "),
    ],
    [t("study:facts.accession"), study.accession_number],
    [t("study:facts.description"), [study.modality, study.description].filter(Boolean).join(" · ")],
    [
      t("series"),
      series && [series.SeriesNumber, series.SeriesDescription].filter(Boolean).join(" · "),
    ],
  ];
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value === null || value === undefined || value === "" ? t("notSent") : value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Pictures({ study, results }: { study: Study; results: Results }) {
  const { t } = useTranslation("study");
  const names = reportPictures(
    results.images,
    results.findings.map(({ code }) => code),
  );
  if (names.length === 0) return null;
  return (
    <div className={classes.pictures}>
      {names.map((name) => {
        const known = knownPicture(name);
        const caption = known ? t(`picture.${known}`) : name;
        return (
          <figure key={name}>
            <img src={pictureUrl(study.id, name, results.provenance?.created_at)} alt="" />
            <figcaption>{caption}</figcaption>
          </figure>
        );
      })}
    </div>
  );
}

function Footer({ study, results }: { study: Study; results: Results }) {
  const { t } = useTranslation(["report", "study"]);
  const { t: studyText } = useTranslation("study");
  const format = useFormat();
  const { provenance } = results;
  const { by, at, is_current: isCurrent } = study.verification;
  // When the sheet was made, not when it was last drawn.
  const [now] = useState(() => new Date().toISOString());
  return (
    <footer className={classes.foot}>
      <p className={classes.verified}>
        {isCurrent && at
          ? t("verifiedBy", { who: actorName(by), when: format.dateTime(at) })
          : t("notVerified")}
      </p>
      {provenance && (
        <p>
          {`${provenance.software} ${provenance.version} · `}
          {provenance.segmentations
            .map(
              (one) =>
                `${one.task}: ${one.weights.map(({ name, sha256 }) => `${name} (${sha256.slice(0, 8)})`).join(", ")}, ${originOf(one, studyText)}, ${one.engine}`,
            )
            .join(" · ")}
        </p>
      )}
      <p>
        {provenance && `${t("measuredAt", { when: format.dateTime(provenance.created_at) })} · `}
        {t("generatedAt", { when: format.dateTime(now) })}
        {` · ${t("study:facts.revision")} ${study.revision} · ${t("disclaimer")}`}
      </p>
    </footer>
  );
}
