/** What measurements and their numbers are called here. */
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";
import { digitsOf, unitText, useTerms } from "@/terms";

import { AGE } from "./view";

export function useMeasurementWords() {
  const { t } = useTranslation("explorer");
  const terms = useTerms();
  const format = useFormat();
  const unitName = (unit: string) => (unit === "years" ? t("years") : unitText(unit));
  const name = (measurement: string) =>
    measurement === AGE ? t("age") : terms.measurement(measurement);
  const number = (value: number, unit: string) =>
    format.number(value, digitsOf(value, unit === "years" ? "cm2" : unit));
  return {
    name,
    /** "Liver, volume (cm³)" */
    axis: (measurement: string, unit: string) =>
      unit ? `${name(measurement)} (${unitName(unit)})` : name(measurement),
    unit: unitName,
    number,
    /** "1,523 cm³" */
    quantity: (value: number, unit: string) =>
      unit ? `${number(value, unit)} ${unitName(unit)}` : number(value, unit),
    category: (value: string) => terms.value(value, ""),
  };
}
