import { expect, test } from "vitest";

import { filtersOf, queryOf, withFilters } from "./filters";

test("filters go into the address and come back; the rest of it stays", () => {
  const params = new URLSearchParams("tab=audit&actor=user%3Aanna&since=2026-02-01T08:00");
  const filters = filtersOf(params);
  expect(filters).toMatchObject({ actor: "user:anna", since: "2026-02-01T08:00", action: "" });
  const changed = withFilters(params, { ...filters, actor: "", outcome: "refused" });
  expect(changed.toString()).toBe("tab=audit&since=2026-02-01T08%3A00&outcome=refused");
});

test("what the server would refuse does not reach it", () => {
  const filters = filtersOf(new URLSearchParams(`since=yesterday&actor=${"a".repeat(100)}`));
  expect(filters.since).toBe("");
  expect(filters.actor).toHaveLength(80);
});

test("times are the reader's own and include the last minute", () => {
  const query = queryOf(
    filtersOf(new URLSearchParams("since=2026-02-01T08:00&until=2026-02-01T09:00")),
  );
  expect(query.since).toBe(new Date(2026, 1, 1, 8, 0).toISOString());
  expect(query.until).toBe(new Date(2026, 1, 1, 9, 0, 59, 999).toISOString());
  expect(query.actor).toBeUndefined();
});
