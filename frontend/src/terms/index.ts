/** The field's words: structures, measurements, values, reasons and findings, in two languages. */
export {
  analysisTitle,
  digitsOf,
  evidenceLabel,
  factText,
  fileReason,
  findingName,
  limitText,
  measurementLabel,
  quantityText,
  regionName,
  rejectionReason,
  unitOfName,
  unitText,
  valueText,
} from "./measurements";
export { type Statement, statementText, statementTexts } from "./statements";
export { capitalised, type Language, languageOf, structureName } from "./structures";
export { useTerms } from "./useTerms";
