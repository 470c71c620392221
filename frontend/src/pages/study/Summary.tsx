import { useTranslation } from "react-i18next";

import { useTerms } from "@/terms";

import { CorrectedSummary } from "./corrections/CorrectedSummary";
import type { Results } from "./queries";
import classes from "./Summary.module.css";

/** The study in ten seconds; what was not asked is named, as silence is not health. */
export function Summary({ results }: { results: Results }) {
  const { t } = useTranslation("study");
  const terms = useTerms();
  const { summary } = results;
  const notAsked = results.rules.filter(({ outcome }) => outcome === "not_asked");
  const silence = terms.statement(summary.silence, "");
  return (
    <section className={classes.summary} aria-label={t("summary.title")}>
      {summary.lines.length > 0 && (
        <ul className={classes.lines}>
          {summary.lines.map((line) => (
            <li key={line.code} data-severity={line.severity}>
              {terms.statement(line.said, "")}
            </li>
          ))}
        </ul>
      )}
      {notAsked.length === 0 ? (
        <p className={classes.silence}>{silence}</p>
      ) : (
        <details className={classes.silence}>
          <summary>{silence}</summary>
          <dl aria-label={t("summary.notAsked")}>
            {notAsked.map((rule) => (
              <div key={rule.code}>
                <dt>{terms.finding(rule.code)}</dt>
                <dd>{terms.statement(rule.reason_coded, rule.reason)}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      <CorrectedSummary results={results} />
    </section>
  );
}
