import { expect, test } from "vitest";

import { cohortOf, csvAddress, paramsOf, viewOf } from "./view";

const of = (query: string) => viewOf(new URLSearchParams(query));

test("a view goes into the address and comes back", () => {
  const query =
    "name=liver_vol_cm3&against=age_years&modality=CT&sex=F&age_from=0&age_to=49&date_from=2026-01-01&date_to=2026-02-01";
  expect(paramsOf(of(query)).toString()).toBe(query);
  expect(cohortOf(of(query))).toEqual({
    modality: "CT",
    sex: "F",
    age_from: 0,
    age_to: 49,
    date_from: "2026-01-01",
    date_to: "2026-02-01",
  });
});

test("what the server would refuse is left out", () => {
  const view = of("name=a%20b&sex=X&age_from=-1&age_to=1000&date_from=2026-13-45&date_to=today");
  expect(paramsOf(view).toString()).toBe("");
  expect(of("age_from=&modality=").ageFrom).toBeNull();
});

test("a measurement is not shown against itself", () => {
  expect(of("name=SMA_cm2&against=SMA_cm2").against).toBe("");
});

test("the table holds both measurements of the same cohort", () => {
  expect(csvAddress(of("name=a&against=b&sex=M"))).toBe(
    "/api/v1/measurements.csv?sex=M&name=a&name=b",
  );
  expect(csvAddress(of("name=a&against=age_years"))).toBe("/api/v1/measurements.csv?name=a");
});
