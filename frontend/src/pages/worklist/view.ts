/** What the worklist shows: filters, order and page. It all stands in the address. */
import type { Schemas } from "@/api/client";
import type { paths } from "@/api/schema";

import { daysOf, startOf } from "./days";

export type StudyState = Schemas["StudyState"];
export type Severity = NonNullable<Schemas["StudyRow"]["worst_severity"]>;
export type WorklistQuery = NonNullable<paths["/api/v1/studies"]["get"]["parameters"]["query"]>;
export type Verified = Schemas["Verified"];
export type Sort = NonNullable<WorklistQuery["sort"]>;
export type Order = NonNullable<WorklistQuery["order"]>;

/** States as people ask for them. */
export const STATE_GROUPS = {
  progress: ["receiving", "queued", "preparing", "segmenting", "analyzing", "publishing"],
  failed: ["failed", "refused"],
  held: ["held"],
  done: ["done", "stored", "sending", "sent"],
  cancelled: ["cancelled"],
} as const satisfies Record<string, readonly StudyState[]>;
export type StateGroup = keyof typeof STATE_GROUPS;

export const SEVERITIES = ["critical", "significant", "note"] as const;
export const VERIFIED = ["no", "yes", "outdated"] as const satisfies readonly Verified[];
const SORTS = ["received", "date", "name", "state", "severity", "turnaround"] as const;
export const SIZES = [50, 100, 200] as const;

/** What restricts the list; what is empty or false does not. */
export interface Filters {
  search: string;
  attention: boolean;
  unread: boolean;
  stat: boolean;
  flagged: boolean;
  state: StateGroup | "";
  severity: Severity | "";
  verified: Verified | "";
  modality: string;
  region: string;
  finding: string;
  /** Of the study; as in days.ts. */
  date: string;
  received: string;
}

export interface View extends Filters {
  sort: Sort;
  order: Order;
  /** From 1. */
  page: number;
  size: number;
}

export const NO_FILTERS: Filters = {
  search: "",
  attention: false,
  unread: false,
  stat: false,
  flagged: false,
  state: "",
  severity: "",
  verified: "",
  modality: "",
  region: "",
  finding: "",
  date: "",
  received: "",
};

const MARKS = ["attention", "unread", "stat", "flagged"] as const;
const WORDS = ["modality", "region", "finding"] as const;
const RANGES = ["date", "received"] as const;
const WORD = /^\w{1,64}$/;

/** What waits for a person is read by severity, everything else as it came. */
export function naturalSort(filters: Filters): Sort {
  return filters.attention ? "severity" : "received";
}

export function viewOf(params: URLSearchParams): View {
  const filters: Filters = { ...NO_FILTERS, search: (params.get("q") ?? "").slice(0, 200) };
  for (const name of MARKS) filters[name] = params.get(name) === "1";
  for (const name of WORDS) filters[name] = valid(params.get(name), (word) => WORD.test(word));
  for (const name of RANGES) filters[name] = valid(params.get(name), (days) => !!daysOf(days));
  filters.state = oneOf(Object.keys(STATE_GROUPS) as StateGroup[], params.get("state")) ?? "";
  filters.severity = oneOf(SEVERITIES, params.get("severity")) ?? "";
  filters.verified = oneOf(VERIFIED, params.get("verified")) ?? "";
  return {
    ...filters,
    sort: oneOf(SORTS, params.get("sort")) ?? naturalSort(filters),
    order: params.get("order") === "ascending" ? "ascending" : "descending",
    page: Math.min(Math.max(Math.floor(Number(params.get("page"))) || 1, 1), 1_000_000),
    size: oneOf(SIZES, Number(params.get("size"))) ?? SIZES[0],
  };
}

/** The address' query; what is as usual is left out. */
export function paramsOf(view: View): URLSearchParams {
  const params = new URLSearchParams();
  if (view.search) params.set("q", view.search);
  for (const name of MARKS) if (view[name]) params.set(name, "1");
  for (const name of [...WORDS, ...RANGES, "state", "severity", "verified"] as const)
    if (view[name]) params.set(name, view[name]);
  if (view.sort !== naturalSort(view)) params.set("sort", view.sort);
  if (view.order !== "descending") params.set("order", view.order);
  if (view.page > 1) params.set("page", String(view.page));
  if (view.size !== SIZES[0]) params.set("size", String(view.size));
  return params;
}

/** What the server is asked for. */
export function queryOf(view: View, now = new Date()): WorklistQuery {
  const date = daysOf(view.date, now);
  const received = daysOf(view.received, now);
  return {
    search: view.search || undefined,
    state: view.state ? [...STATE_GROUPS[view.state]] : undefined,
    modality: view.modality || undefined,
    region: view.region || undefined,
    finding: view.finding || undefined,
    severity: view.severity || undefined,
    verified: view.verified || undefined,
    date_from: date?.from,
    date_to: date?.to,
    received_from: received?.from && startOf(received.from),
    received_before: received?.to && startOf(received.to, 1),
    ...Object.fromEntries(MARKS.filter((name) => view[name]).map((name) => [name, true])),
    sort: view.sort,
    order: view.order,
    offset: (view.page - 1) * view.size,
    limit: view.size,
  };
}

/** Changed filters lead to the first page, in the order natural to them unless one was chosen. */
export function withFilters(view: View, changed: Partial<Filters>): View {
  const filters = { ...view, ...changed, page: 1 };
  const chosen = view.sort !== naturalSort(view);
  return chosen ? filters : { ...filters, sort: naturalSort(filters) };
}

/** Each filter that is set. */
export function activeFilters(view: Filters): (keyof Filters)[] {
  return (Object.keys(NO_FILTERS) as (keyof Filters)[]).filter((name) => !!view[name]);
}

export const PRESETS = {
  all: {},
  attention: { attention: true },
  unread: { unread: true },
  progress: { state: "progress" },
  failed: { state: "failed" },
} as const satisfies Record<string, Partial<Filters>>;
export type Preset = keyof typeof PRESETS;

/** A preset replaces another one; search and all other filters stay. */
export function presetFilters(preset: Preset): Partial<Filters> {
  return { attention: false, unread: false, state: "", ...PRESETS[preset] };
}

/** The preset these filters are, if they are one. */
export function presetOf({ attention, unread, state }: Filters): Preset | null {
  const found = (Object.keys(PRESETS) as Preset[]).find((preset) => {
    const wanted = { ...NO_FILTERS, ...PRESETS[preset] };
    return wanted.attention === attention && wanted.unread === unread && wanted.state === state;
  });
  return found ?? null;
}

function oneOf<T>(known: readonly T[], value: unknown): T | undefined {
  return known.find((one) => one === value);
}

function valid(value: string | null, isValid: (value: string) => boolean): string {
  return value && isValid(value) ? value : "";
}
