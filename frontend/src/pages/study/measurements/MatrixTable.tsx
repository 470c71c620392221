import { VisuallyHidden } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Missing } from "@/components/Missing";
import { unitText, useTerms } from "@/terms";

import type { Measurement } from "../queries";
import type { Matrix } from "./grouping";
import { JumpButton } from "./JumpButton";
import classes from "./Measurements.module.css";
import { flagOf } from "./reference";

/** Many measurements alike: structures or levels down, what was measured across. */
export function MatrixTable({ matrix, title }: { matrix: Matrix; title: string }) {
  const { t } = useTranslation("study");
  const terms = useTerms();
  const units = matrix.columns.map(
    (_, column) => matrix.rows.find(({ cells }) => cells[column])?.cells[column]?.unit ?? "",
  );
  return (
    <div className={classes.scroll} tabIndex={0} role="region" aria-label={title}>
      <table className={classes.matrix}>
        <thead>
          <tr>
            <th scope="col">{t(`matrix.${matrix.of}`)}</th>
            {matrix.columns.map((column, n) => (
              <th scope="col" key={column}>
                {matrix.of === "level" ? terms.Structure(column) : t(`matrix.${column}`)}
                {units[n] && ` (${unitText(units[n])})`}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrix.rows.map(({ key, cells }) => (
            <tr key={key}>
              <th scope="row">{matrix.of === "level" ? key : terms.Structure(key)}</th>
              {cells.map((cell, n) => (
                <td key={matrix.columns[n]}>
                  <Cell measurement={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ measurement }: { measurement: Measurement | undefined }) {
  const { t } = useTranslation(["study", "terms"]);
  const terms = useTerms();
  if (!measurement) return <Missing why={t("matrix.nothing")} />;
  const { name, value, unit, status } = measurement;
  if (value === null) {
    const why = terms.statement(measurement.reason_coded, measurement.reason);
    return <Missing why={`${t(`terms:status.${status}`)}: ${why}`} />;
  }
  const flag = flagOf(measurement);
  return (
    <>
      <JumpButton name={name} label={terms.measurement(name)}>
        {terms.value(value, unit)}
      </JumpButton>
      {flag && (
        <span className={classes[flag]}>
          <span aria-hidden> {flag === "low" ? "↓" : "↑"}</span>
          <VisuallyHidden>{t(`flag.${flag}`)}</VisuallyHidden>
        </span>
      )}
    </>
  );
}
