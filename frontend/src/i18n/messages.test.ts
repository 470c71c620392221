import { describe, expect, test } from "vitest";

import { messages as en } from "./en";
import { messages as pt } from "./pt";

function keysOf(texts: unknown, path = ""): string[] {
  return typeof texts === "object" && texts !== null
    ? Object.entries(texts).flatMap(([key, value]) => keysOf(value, `${path}.${key}`))
    : [path];
}

/** `_one`, `_other`: which forms there are depends on the language. */
const withoutForms = (keys: string[]) =>
  [...new Set(keys.map((key) => key.replace(/_(zero|one|two|few|many|other)$/, "")))].sort();

describe("texts", () => {
  test.each(Object.keys(en) as (keyof typeof en)[])("%s: both languages say the same", (page) => {
    expect(withoutForms(keysOf(pt[page]))).toEqual(withoutForms(keysOf(en[page])));
  });

  test("every place for a value is in both", () => {
    const places = (texts: unknown): string[] =>
      [...new Set(JSON.stringify(texts).match(/\{\{\w+\}\}/g) ?? [])].sort();
    for (const page of Object.keys(en) as (keyof typeof en)[])
      expect(places(pt[page])).toEqual(places(en[page]));
  });
});
