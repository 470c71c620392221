/** What the pipeline says, in the reader's language; by the rules of `domain/statements.py`.
 *
 * Both read the same words; `tests/domain/spoken_statements.json` holds them to the same texts.
 */
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";

import type { Schemas } from "@/api/client";
import english from "@words/en.ftl?raw";
import portuguese from "@words/pt.ftl?raw";

import { type Language, structureName } from "./structures";
import { type Kind, word } from "./words";

export type Statement = Schemas["CodedStatement"];
type Value = Statement["parameters"][string];

/** Parameter → table of terms its value is looked up in; in the plural it is a list of them. */
const TERMS: Record<string, Kind | undefined> = {
  region: "regions",
  analysis: "analyses",
  attribute: "attributes",
  edge: "edges",
  phase: "values",
  landmark: "values",
  rejection: "rejections",
};
const WORDS = { en: english, pt: portuguese };
const LOCALES = { en: "en-GB", pt: "pt-BR" };
const AND = { en: " and ", pt: " e " };

const made = new Map<Language, FluentBundle>();

/** Made once per language, when something is said in it. */
function bundleOf(language: Language): FluentBundle {
  const known = made.get(language);
  if (known) return known;
  const bundle = new FluentBundle(LOCALES[language], { useIsolating: false });
  bundle.addResource(new FluentResource(WORDS[language]));
  made.set(language, bundle);
  return bundle;
}

/** In words; the text that came with it where there is no code, or none that is known here. */
export function statementText(
  statement: Statement | null | undefined,
  text: string,
  language: Language,
): string {
  if (!statement) return text;
  const bundle = bundleOf(language);
  const pattern = bundle.getMessage(statement.code)?.value;
  if (!pattern) return text;
  const spoken: Record<string, FluentVariable> = {};
  for (const [name, value] of Object.entries(statement.parameters))
    spoken[name] = typeof value === "number" ? value : spokenValue(name, value, language);
  // An error leaves a gap in the text; without a list to put it in it would be thrown.
  return bundle.formatPattern(pattern, spoken, []);
}

/** Several of them; older results have texts only. */
export function statementTexts(
  statements: readonly Statement[],
  texts: readonly string[],
  language: Language,
): string[] {
  return texts.map((text, at) => statementText(statements[at], text, language));
}

function spokenValue(name: string, value: Value, language: Language): string {
  if (Array.isArray(value)) {
    const spoken = value.map((one) => spokenValue(name.replace(/s$/, ""), one, language));
    return [spoken.slice(0, -1).join(", "), ...spoken.slice(-1)]
      .filter(Boolean)
      .join(AND[language]);
  }
  if (typeof value === "object")
    return statementText(value, value.code.replaceAll("_", " "), language);
  const text = String(value);
  if (name === "structure") return structureName(text, language);
  const kind = TERMS[name];
  return (kind && word(kind, text, language)) ?? text;
}
