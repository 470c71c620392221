/** The field's words: structures, measurements, values, reasons and findings, in two languages. */
export {
  analysisTitle,
  digitsOf,
  evidenceLabel,
  measurementLabel,
  noticeText,
  quantityText,
  regionName,
  unitOfName,
  unitText,
  valueText,
} from "./measurements";
export { findingTitle, reasonText } from "./sentences";
export { capitalised, type Language, languageOf, structureName } from "./structures";
export { useTerms } from "./useTerms";
