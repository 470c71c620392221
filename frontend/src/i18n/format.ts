/** Numbers, dates and durations in the reader's language. */
import { useTranslation } from "react-i18next";

export interface Format {
  number: (value: number, digits?: number) => string;
  percent: (share: number) => string;
  /** A calendar date, `2026-02-01`; no zone is involved. */
  date: (day: string) => string;
  /** The same for columns of a list: `1 Feb 2026`, `01/02/2026`. */
  shortDate: (day: string) => string;
  dateTime: (instant: string) => string;
  time: (instant: string) => string;
  /** `1 min 20 s`, `2 h 5 min`. */
  duration: (seconds: number) => string;
  /** `3 minutes ago`. */
  ago: (instant: string, now?: number) => string;
  bytes: (count: number) => string;
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

const made = new Map<string, Format>();

/** Made once per language: the browser takes milliseconds for every formatter. */
export function formatFor(language: string): Format {
  const format = made.get(language) ?? makeFormat(language);
  made.set(language, format);
  return format;
}

function makeFormat(language: string): Format {
  const locale = language === "pt" ? "pt-BR" : "en-GB";
  const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
  const dateStyle = language === "pt" ? "short" : "medium";
  const shortDay = new Intl.DateTimeFormat(locale, { dateStyle, timeZone: "UTC" });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  const share = new Intl.NumberFormat(locale, { style: "percent" });
  const numbers: Intl.NumberFormat[] = [];
  const number = (value: number, digits = 0) => {
    const fraction = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return (numbers[digits] ??= new Intl.NumberFormat(locale, fraction)).format(value);
  };
  return {
    number,
    percent: (value) => share.format(value),
    date: (text) => day.format(new Date(`${text}T00:00:00Z`)),
    shortDate: (text) => shortDay.format(new Date(`${text}T00:00:00Z`)),
    dateTime: (text) => moment.format(new Date(text)),
    time: (text) => clock.format(new Date(text)),
    duration: (seconds) => {
      const whole = Math.round(seconds);
      if (whole < 60) return `${whole} s`;
      if (whole < 3600) return join(Math.floor(whole / 60), "min", whole % 60, "s");
      const minutes = Math.round(whole / 60);
      return join(Math.floor(minutes / 60), "h", minutes % 60, "min");
    },
    ago: (text, now = Date.now()) => {
      const seconds = (new Date(text).getTime() - now) / 1000;
      // What would be rounded to 60 minutes is an hour.
      const reach = (at: number) => (UNITS[at]?.[1] ?? 0) - (UNITS[at + 1]?.[1] ?? 0) / 2;
      const [unit, size] = UNITS.find((_, at) => Math.abs(seconds) >= reach(at)) ?? ["second", 1];
      return relative.format(Math.round(seconds / size), unit);
    },
    bytes: (count) => {
      const power = Math.min(Math.floor(Math.log10(Math.max(count, 1)) / 3), 4);
      const unit = ["B", "kB", "MB", "GB", "TB"][power] ?? "B";
      return `${number(count / 1000 ** power, power > 0 && count < 100 * 1000 ** power ? 1 : 0)} ${unit}`;
    },
  };
}

function join(first: number, unit: string, rest: number, small: string): string {
  return rest ? `${first} ${unit} ${rest} ${small}` : `${first} ${unit}`;
}

export function useFormat(): Format {
  const { i18n } = useTranslation();
  return formatFor(i18n.language);
}
