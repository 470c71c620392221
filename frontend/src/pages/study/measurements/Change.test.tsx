import i18next from "i18next";
import { renderToString } from "react-dom/server";
import { I18nextProvider, initReactI18next } from "react-i18next";
import { expect, test } from "vitest";

import en from "../en.json";
import pt from "../pt.json";
import { Change } from "./Change";
import type { Examined, Trend } from "./trend";

async function said(language: "en" | "pt", unit: string, was: number, is: number): Promise<string> {
  const texts = i18next.createInstance();
  await texts.use(initReactI18next).init({
    lng: language,
    resources: { en: { study: en }, pt: { study: pt } },
    interpolation: { escapeValue: false },
    showSupportNotice: false,
  });
  const study = { study_date: "2025-08-03" } as Examined;
  const [current, previous] = [
    { study, value: is },
    { study, value: was },
  ];
  const trend: Trend = {
    ...{ points: [], alike: [], current, previous, otherPhase: false },
    difference: is - was,
    share: unit === "%" ? null : (is - was) / was,
  };
  const drawn = renderToString(
    <I18nextProvider i18n={texts}>
      <Change trend={trend} unit={unit} />
    </I18nextProvider>,
  );
  return drawn.replace(/[\u00a0\u202f]/g, " ");
}

test("a percentage moves by percentage points", async () => {
  expect(await said("en", "%", 20, 25)).toBe("+5 percentage points since 3 Aug 2025");
  expect(await said("en", "%", 20, 19)).toBe("−1 percentage point since 3 Aug 2025");
  expect(await said("pt", "%", 20, 25.5)).toBe("+5,5 pontos percentuais desde 3 de ago. de 2025");
});

test("other numbers move by a share", async () => {
  expect(await said("en", "cm3", 100, 96)).toBe("−4% since 3 Aug 2025");
});
