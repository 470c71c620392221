import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import {
  analysisTitle,
  evidenceLabel,
  measurementLabel,
  noticeText,
  quantityText,
  regionName,
  valueText,
} from "./measurements";
import { findingTitle, reasonText } from "./sentences";
import { capitalised, languageOf, structureName } from "./structures";

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
      value: (value: string | number | boolean, unit: string) => valueText(value, unit, language),
      quantity: (value: string | number, unit: string) => quantityText(value, unit, language),
      evidence: (name: string) => evidenceLabel(name, language),
      notice: (text: string) => noticeText(text, language),
      reason: (text: string) => reasonText(text, language),
      finding: (title: string) => findingTitle(title, language),
    }),
    [language],
  );
}
