/** Which entries of the trail; it all stands in the address. */
import type { paths } from "@/api/schema";

export type AuditQuery = NonNullable<paths["/api/v1/audit"]["get"]["parameters"]["query"]>;

const FIELDS = ["actor", "action", "object", "outcome", "since", "until"] as const;
export type Field = (typeof FIELDS)[number];
export type Filters = Record<Field, string>;

const LENGTHS: Record<Field, number> = {
  actor: 80,
  action: 64,
  object: 160,
  outcome: 32,
  since: 16,
  until: 16,
};
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;

/** Off the address; what the server would refuse is left out. */
export function filtersOf(params: URLSearchParams): Filters {
  const one = (field: Field) => {
    const value = (params.get(field) ?? "").slice(0, LENGTHS[field]);
    return (field === "since" || field === "until") && !MOMENT.test(value) ? "" : value;
  };
  return Object.fromEntries(FIELDS.map((field) => [field, one(field)])) as Filters;
}

/** Into the address, beside what else stands there. */
export function withFilters(params: URLSearchParams, filters: Filters): URLSearchParams {
  const changed = new URLSearchParams(params);
  for (const field of FIELDS) {
    if (filters[field]) changed.set(field, filters[field]);
    else changed.delete(field);
  }
  return changed;
}

/** What the server is asked; times are the reader's own, until the end of the minute. */
export function queryOf(filters: Filters): AuditQuery {
  const instant = (local: string) => (local ? new Date(local).toISOString() : undefined);
  return {
    actor: filters.actor || undefined,
    action: filters.action || undefined,
    object: filters.object || undefined,
    outcome: filters.outcome || undefined,
    since: instant(filters.since),
    until: instant(filters.until && `${filters.until}:59.999`),
  };
}
