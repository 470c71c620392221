import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import {
  analysisTitle,
  evidenceLabel,
  factText,
  fileReason,
  findingName,
  limitText,
  measurementLabel,
  patientClassName,
  quantityText,
  regionName,
  rejectionReason,
  unitText,
  valueText,
} from "./measurements";
import { type Statement, statementText, statementTexts } from "./statements";
import { capitalised, languageOf, structureName } from "./structures";
import { keysOf } from "./words";

/** The field's words in the reader's language. */
export function useTerms() {
  const { i18n } = useTranslation();
  const language = languageOf(i18n.language);
  return useMemo(
    () => ({
      language,
      /** "left kidney" */
      structure: (name: string) => structureName(name, language),
      /** "Left kidney" */
      Structure: (name: string) => capitalised(structureName(name, language)),
      measurement: (name: string) => measurementLabel(name, language),
      analysis: (name: string) => analysisTitle(name, language),
      region: (name: string) => regionName(name, language),
      patientClass: (name: string) => patientClassName(name, language),
      value: (value: string | number | boolean, unit: string) => valueText(value, unit, language),
      quantity: (value: string | number, unit: string) => quantityText(value, unit, language),
      /** "cm³" */
      unit: unitText,
      limit: (value: number, unit: string) => limitText(value, unit, language),
      evidence: (name: string) => evidenceLabel(name, language),
      fact: (name: string, value: string | number | boolean) => factText(name, value, language),
      file: (reason: string) => fileReason(reason, language),
      rejection: (reason: string) => rejectionReason(reason, language),
      finding: (code: string) => findingName(code, language),
      /** Every region, finding and class there is a word for, by name. */
      regions: () => keysOf("regions", language),
      patientClasses: () => keysOf("patient_classes", language),
      findings: () => keysOf("findings", language),
      /** Why, what was found, what to mind: `text` is the server's, in English. */
      statement: (coded: Statement | null | undefined, text: string) =>
        statementText(coded, text, language),
      statements: (coded: readonly Statement[], texts: readonly string[]) =>
        statementTexts(coded, texts, language),
    }),
    [language],
  );
}
