import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";
import { actorName } from "@/components/actorName";
import { byUrgency } from "@/pages/study/findings/urgency";
import type { Results } from "@/pages/study/queries";
import { useTerms } from "@/terms";

import classes from "./Report.module.css";

/** What the rules found, with their sources and with who has seen it. */
export function Findings({ results }: { results: Results }) {
  const { t } = useTranslation(["report", "study", "terms"]);
  const format = useFormat();
  const terms = useTerms();
  const { summary } = results;
  const said = (code: string) => summary.lines.find((line) => line.code === code)?.said;
  return (
    <section>
      <h2>{t("study:findings")}</h2>
      <ul className={classes.findings}>
        {byUrgency(results.findings).map((one) => (
          <li key={one.id} data-severity={one.severity}>
            <strong>{terms.statement(said(one.code) ?? one.title_coded, one.title)}</strong>{" "}
            <span className={classes.severity}>{t(`terms:severity.${one.severity}`)}</span>
            {one.reference && <small> {one.reference}</small>}
            {one.acknowledged_at && (
              <small>
                {" — "}
                {t("study:acknowledge.by", {
                  who: actorName(one.acknowledged_by),
                  when: format.dateTime(one.acknowledged_at),
                })}
                {one.note && `: ${one.note}`}
              </small>
            )}
          </li>
        ))}
      </ul>
      <p>
        <small className={classes.silence}>{terms.statement(summary.silence, "")}</small>
      </p>
    </section>
  );
}
