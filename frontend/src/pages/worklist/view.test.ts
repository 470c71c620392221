import { describe, expect, test } from "vitest";

import {
  activeFilters,
  NO_FILTERS,
  paramsOf,
  presetFilters,
  presetOf,
  queryOf,
  viewOf,
  withFilters,
} from "./view";

const view = (query: string) => viewOf(new URLSearchParams(query));

describe("the address", () => {
  test("an empty one is every study, the newest first", () => {
    expect(view("")).toEqual({
      ...NO_FILTERS,
      sort: "received",
      order: "descending",
      page: 1,
      size: 50,
    });
    expect(String(paramsOf(view("")))).toBe("");
  });

  test("is the same after a reload", () => {
    const query =
      "q=silva+maria&stat=1&modality=CT&date=7d&state=done&severity=critical" +
      "&sort=name&order=ascending&page=3&size=100";
    expect(String(paramsOf(view(query)))).toBe(query);
  });

  test("nonsense restricts nothing", () => {
    expect(
      view("state=x&severity=y&modality=C+T&date=never&page=-3&size=7&sort=z&unread=yes"),
    ).toEqual(view(""));
  });
});

describe("the question to the server", () => {
  test("groups are states, pages are offsets", () => {
    const query = queryOf(view("state=failed&page=3&stat=1"));
    expect(query.state).toEqual(["failed", "refused"]);
    expect([query.offset, query.limit]).toEqual([100, 50]);
    expect([query.stat, query.unread]).toEqual([true, undefined]);
  });

  test("received days end where the next one begins", () => {
    const query = queryOf(view("received=today&date=today"), new Date(2026, 1, 1, 12));
    expect(query.received_from).toBe(new Date(2026, 1, 1).toISOString());
    expect(query.received_before).toBe(new Date(2026, 1, 2).toISOString());
    expect([query.date_from, query.date_to]).toEqual(["2026-02-01", "2026-02-01"]);
  });
});

describe("presets", () => {
  test("one replaces another and keeps the rest", () => {
    const unread = withFilters(view("q=silva&modality=CT&page=4"), presetFilters("unread"));
    expect(String(paramsOf(unread))).toBe("q=silva&unread=1&modality=CT");
    const failed = withFilters(unread, presetFilters("failed"));
    expect(String(paramsOf(failed))).toBe("q=silva&modality=CT&state=failed");
    expect(presetOf(failed)).toBe("failed");
    expect(presetOf(withFilters(failed, presetFilters("all")))).toBe("all");
    expect(presetOf(view("unread=1&state=done"))).toBeNull();
  });

  test("what needs attention comes by severity, unless an order was chosen", () => {
    expect(withFilters(view(""), presetFilters("attention")).sort).toBe("severity");
    expect(withFilters(view("sort=name"), presetFilters("attention")).sort).toBe("name");
    const back = withFilters(view("attention=1"), presetFilters("all"));
    expect(back.sort).toBe("received");
  });
});

test("what restricts is told", () => {
  expect(activeFilters(view("q=x&flagged=1&date=today"))).toEqual(["search", "flagged", "date"]);
  expect(activeFilters(view("sort=name&page=2"))).toEqual([]);
});

test("verified by a person stands in the address, in the query and among the filters", () => {
  const wanted = view("verified=outdated");
  expect(queryOf(wanted).verified).toBe("outdated");
  expect(String(paramsOf(wanted))).toBe("verified=outdated");
  expect(activeFilters(wanted)).toEqual(["verified"]);
  expect(view("verified=perhaps").verified).toBe("");
});
