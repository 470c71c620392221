import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";
import { actorName } from "@/components/actorName";
import type { Finding } from "@/pages/study/queries";
import { useTerms } from "@/terms";

import classes from "./Report.module.css";

/** What the rules found, with their sources and with who has seen it. */
export function Findings({ findings }: { findings: readonly Finding[] }) {
  const { t } = useTranslation(["report", "study", "terms"]);
  const format = useFormat();
  const terms = useTerms();
  return (
    <section>
      <h2>{t("study:findings")}</h2>
      {findings.length === 0 && <p>{t("study:noFindings")}</p>}
      <ul className={classes.findings}>
        {findings.map((one) => (
          <li key={one.id} data-severity={one.severity}>
            <strong>{terms.statement(one.title_coded, one.title)}</strong>{" "}
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
    </section>
  );
}
