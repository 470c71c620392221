/** Ranges of days in the address: `today`, `7d`, `2026-02-01..2026-02-14`, `..2026-02-14`. */

export const RECENT = ["today", "yesterday", "7d", "30d"] as const;
export type Recent = (typeof RECENT)[number];
export interface Days {
  /** `2026-02-01`; undefined where the range is open. */
  from: string | undefined;
  to: string | undefined;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export function isRecent(text: string): text is Recent {
  return (RECENT as readonly string[]).includes(text);
}

/** The days meant, in the reader's own zone; null where the text means none. */
export function daysOf(text: string, now = new Date()): Days | null {
  if (isRecent(text)) {
    const [first, last] = { today: [0, 0], yesterday: [1, 1], "7d": [6, 0], "30d": [29, 0] }[text];
    return { from: dayBefore(now, first ?? 0), to: dayBefore(now, last ?? 0) };
  }
  const [from = "", to = "", ...more] = text.split("..");
  if (more.length > 0 || (!from && !to)) return null;
  if (![from, to].every((one) => one === "" || isDay(one))) return null;
  return { from: from || undefined, to: to || undefined };
}

/** As it stands in the address; empty for an open range. */
export function rangeText({ from, to }: Days): string {
  return from || to ? `${from ?? ""}..${to ?? ""}` : "";
}

/** When a day begins in the reader's zone, and the next one. */
export function startOf(day: string, daysLater = 0): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + daysLater).toISOString();
}

function dayBefore(now: Date, days: number): string {
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

function isDay(text: string): boolean {
  if (!DAY.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
