import { expect, test } from "vitest";

import { elsewhere, foundBy } from "./selection";
import { viewOf, withFilters } from "./view";

const VIEW = viewOf(new URLSearchParams("q=phantom&unread=1&page=2"));

test("ticks are kept from page to page, in any order", () => {
  const sorted = { ...VIEW, sort: "name", order: "ascending", page: 3, size: 200 } as const;
  expect(foundBy(sorted)).toBe(foundBy(VIEW));
});

test.each([{ search: "SILVA" }, { unread: false }, { received: "today" }, { state: "failed" }])(
  "another search leaves none: %o",
  (changed) => {
    expect(foundBy(withFilters(VIEW, changed as Partial<typeof VIEW>))).not.toBe(foundBy(VIEW));
  },
);

test("those on other pages are counted before anything is deleted", () => {
  expect(elsewhere([12, 3, 40], [{ id: 12 }, { id: 5 }])).toBe(2);
  expect(elsewhere([12], [{ id: 12 }])).toBe(0);
});
