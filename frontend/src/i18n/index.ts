/** English and Portuguese; only the language in use is loaded. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";

export const LANGUAGES = { en: "English", pt: "Português" } as const;
export type Language = keyof typeof LANGUAGES;

const STORED = "heimdallr.language";

function chosen(): Language {
  const wanted = [localStorage.getItem(STORED) ?? "", ...navigator.languages];
  const found = wanted.map((one) => one.slice(0, 2)).find((one) => one in LANGUAGES);
  return (found as Language | undefined) ?? "en";
}

async function load(language: Language, part: "first" | "all"): Promise<void> {
  const { messages } = await (part === "all"
    ? language === "pt"
      ? import("./pt")
      : import("./en")
    : language === "pt"
      ? import("./first.pt")
      : import("./first.en"));
  for (const [namespace, texts] of Object.entries(messages))
    i18next.addResourceBundle(language, namespace, texts);
}

/** The router asks for a page as soon as it is there: before anything can be said. */
let begun: () => void;
const beginning = new Promise<void>((resolve) => (begun = resolve));

/** A page that is loaded when it is opened, with what is said there. */
export async function withTexts<T>(page: Promise<T>): Promise<T> {
  const texts = beginning.then(() => load(i18next.language as Language, "all"));
  const [loaded] = await Promise.all([page, texts]);
  return loaded;
}

export async function startI18n(): Promise<void> {
  const language = chosen();
  await i18next.use(initReactI18next).init({
    lng: language,
    resources: {},
    defaultNS: "common",
    // React escapes by itself.
    interpolation: { escapeValue: false },
    returnNull: false,
    showSupportNotice: false,
  });
  begun();
  await load(language, "first");
  document.documentElement.lang = language;
}

export async function switchLanguage(language: Language): Promise<void> {
  await load(language, "all");
  await i18next.changeLanguage(language);
  localStorage.setItem(STORED, language);
  document.documentElement.lang = language;
}
