import { ActionIcon, Text, VisuallyHidden } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { Missing } from "@/components/Missing";
import { unitText, useTerms } from "@/terms";

import { CorrectedLine, CorrectedMark } from "../corrections/CorrectedLine";
import { HandMenu } from "../corrections/HandMenu";
import { useHand } from "../corrections/hand";
import { levelOfMeasurement } from "../corrections/levels";
import { subjectsOf } from "../corrections/subjects";
import type { Measurement } from "../queries";
import { useStudyView } from "../view";
import type { Matrix } from "./grouping";
import { Change } from "./Change";
import { HowMeasured } from "./HowMeasured";
import { JumpButton } from "./JumpButton";
import classes from "./Measurements.module.css";
import { flagOf } from "./reference";
import { trendOf } from "./trend";

/** Of longer tables, how each number came to be is found in the method. */
const FEW = 24;

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
                {t(`matrix.${column}`, { defaultValue: terms.Structure(column) })}
                {units[n] && ` (${unitText(units[n])})`}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrix.rows.map((row) => (
            <Row key={row.key} row={row} matrix={matrix} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row: { key, cells }, matrix }: { row: Matrix["rows"][number]; matrix: Matrix }) {
  const { t } = useTranslation("study");
  const terms = useTerms();
  const [open, setOpen] = useState(false);
  const id = useId();
  const measured = cells.filter((cell) => cell !== undefined);
  const first = measured[0]?.name ?? key;
  const label = {
    structure: () => terms.Structure(key),
    level: () => key,
    // "Descending aorta, largest diameter": what it is about, without what was measured.
    part: () => terms.measurement(first).replace(/,[^,]*$/, ""),
    nodule: () => t("matrix.nodules", { number: key }),
  }[matrix.of]();
  return (
    <>
      <tr>
        <th scope="row">
          {label}
          {matrix.rows.length <= FEW && (
            <ActionIcon
              size="xs"
              ml={4}
              variant="subtle"
              color="gray"
              aria-label={t("how.show", { what: label })}
              aria-expanded={open}
              aria-controls={open ? id : undefined}
              onClick={() => setOpen(!open)}
            >
              <IconInfoCircle size={14} />
            </ActionIcon>
          )}
        </th>
        {cells.map((cell, n) => (
          <td key={matrix.columns[n]}>
            <Cell measurement={cell} />
          </td>
        ))}
      </tr>
      {open && (
        <tr id={id}>
          <td colSpan={cells.length + 1} className={classes.how}>
            {measured.map((one) => (
              <How key={one.name} measurement={one} />
            ))}
          </td>
        </tr>
      )}
    </>
  );
}

function How({ measurement }: { measurement: Measurement }) {
  const { t } = useTranslation(["study", "terms"]);
  const terms = useTerms();
  const { history } = useStudyView();
  const { name, unit, value, status } = measurement;
  return (
    <div>
      <Text size="xs" fw={600} component="div">
        {terms.measurement(name)}
        <HandMenu
          subjects={subjectsOf(measurement, terms)}
          level={levelOfMeasurement(measurement)}
        />
      </Text>
      <CorrectedLine measurement={measurement} />
      {value === null && (
        <Text size="xs">
          {t(`terms:status.${status}`)}:{" "}
          {terms.statement(measurement.reason_coded, measurement.reason)}
        </Text>
      )}
      <HowMeasured measurement={measurement} trend={trendOf(history, name, unit)} />
    </div>
  );
}

function Cell({ measurement }: { measurement: Measurement | undefined }) {
  const { t } = useTranslation(["study", "terms"]);
  const terms = useTerms();
  const { history } = useStudyView();
  const { numbers } = useHand();
  if (!measurement) return <Missing why={t("matrix.nothing")} />;
  const { name, value, unit, status, corrected } = measurement;
  if (value === null) {
    const why = terms.statement(measurement.reason_coded, measurement.reason);
    return <Missing why={`${t(`terms:status.${status}`)}: ${why}`} />;
  }
  const flag = flagOf(measurement);
  const trend = trendOf(history, name, unit);
  return (
    <>
      <JumpButton name={name} label={terms.measurement(name)}>
        {terms.value(value, unit)}
      </JumpButton>
      {corrected && <CorrectedMark known={numbers.get(name)} />}
      {flag && (
        <span className={classes[flag]}>
          <span aria-hidden> {flag === "low" ? "↓" : "↑"}</span>
          <VisuallyHidden>{t(`flag.${flag}`)}</VisuallyHidden>
        </span>
      )}
      {trend && (
        <div className={classes.change}>
          <Change trend={trend} unit={unit} />
        </div>
      )}
    </>
  );
}
