import { useTranslation } from "react-i18next";

import { comparedNorms, flagOf } from "@/pages/study/measurements/reference";
import { rangeText } from "@/pages/study/measurements/report";
import type { Measurement, Results } from "@/pages/study/queries";
import { useTerms } from "@/terms";

import { keyRows } from "./keyRows";
import classes from "./Report.module.css";

/** The key measurements with their references, or why there is none. */
export function KeyTable({ results }: { results: Results }) {
  const { t } = useTranslation(["report", "study"]);
  const terms = useTerms();
  const { rows, inapplicable } = keyRows(results.measurements);
  return (
    <section>
      <h2>{t("study:measurements")}</h2>
      {rows.length > 0 && (
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">{t("measurement")}</th>
              <th scope="col">{t("value")}</th>
              <th scope="col">{t("study:how.reference")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((one) => (
              <Row key={one.name} measurement={one} />
            ))}
          </tbody>
        </table>
      )}
      <p className={classes.remark}>{t("noReference")}</p>
      {inapplicable.map(({ analysis, reason, reason_coded: coded }) => (
        <p key={analysis} className={classes.remark}>
          {`${terms.analysis(analysis)}: ${terms.statement(coded, reason)}`}
        </p>
      ))}
    </section>
  );
}

function Row({ measurement }: { measurement: Measurement }) {
  const { t } = useTranslation(["study", "terms"]);
  const terms = useTerms();
  const { name, value, unit, status, reference } = measurement;
  const flag = flagOf(measurement);
  const norm = comparedNorms(measurement)[0];
  return (
    <tr>
      <th scope="row">{terms.measurement(name)}</th>
      {value === null ? (
        <td colSpan={2} className={classes.reason}>
          {t(`terms:status.${status}`)}:{" "}
          {terms.statement(measurement.reason_coded, measurement.reason)}
        </td>
      ) : (
        <>
          <td>
            {terms.quantity(value, unit)}
            {flag && <strong>{` ${flag === "low" ? "↓" : "↑"} ${t(`flag.${flag}`)}`}</strong>}
          </td>
          <td>
            {reference ? (
              <>
                {rangeText(reference, terms.language)}{" "}
                <small>{reference.source.split(",")[0]}</small>
              </>
            ) : (
              !norm && <small>—</small>
            )}
            {norm && (
              <small style={{ display: "block" }}>
                {terms.statement(norm.said_coded, norm.said)}
              </small>
            )}
          </td>
        </>
      )}
    </tr>
  );
}
