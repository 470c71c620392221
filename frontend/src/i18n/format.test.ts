import { expect, test } from "vitest";

import { formatFor } from "./format";

const en = formatFor("en");
const pt = formatFor("pt");

test("numbers have the reader's decimal sign", () => {
  expect(en.number(1523.45, 1)).toBe("1,523.5");
  expect(pt.number(1523.45, 1)).toBe("1.523,5");
});

test("a date is a day, whatever the zone", () => {
  expect(en.date("2026-02-01")).toContain("1 Feb 2026");
});

test("a list's dates are short in both languages", () => {
  expect(en.shortDate("2026-02-01")).toBe("1 Feb 2026");
  expect(pt.shortDate("2026-02-01")).toBe("01/02/2026");
});

test("durations are as long as a glance", () => {
  expect(en.duration(42.4)).toBe("42 s");
  expect(en.duration(80)).toBe("1 min 20 s");
  expect(en.duration(7500)).toBe("2 h 5 min");
  expect(en.duration(7140)).toBe("1 h 59 min");
  expect(en.duration(7190)).toBe("2 h");
  expect(en.duration(3599.6)).toBe("1 h");
});

test("the past is told in its largest unit", () => {
  const now = Date.parse("2026-02-01T12:00:00Z");
  expect(en.ago("2026-02-01T11:57:00Z", now)).toBe("3 min ago");
  expect(pt.ago("2026-01-31T12:00:00Z", now)).toBe("ontem");
  expect(en.ago("2026-02-01T11:01:00Z", now)).toBe("59 min ago");
  expect(en.ago("2026-02-01T11:00:20Z", now)).toBe("1 hr ago");
  expect(en.ago("2026-01-31T12:20:00Z", now)).toBe("yesterday");
});

test("sizes have three digits at most", () => {
  expect(en.bytes(0)).toBe("0 B");
  expect(en.bytes(1_540_000)).toBe("1.5 MB");
  expect(en.bytes(314_000_000)).toBe("314 MB");
});
