/** What the explorer shows: which measurement of which studies. It all stands in the address. */
import type { paths } from "@/api/schema";

type Query = NonNullable<paths["/api/v1/measurements.csv"]["get"]["parameters"]["query"]>;
export type Cohort = Pick<
  Query,
  "modality" | "sex" | "age_from" | "age_to" | "date_from" | "date_to"
>;
export type Sex = NonNullable<Cohort["sex"]>;

export const SEXES: readonly Sex[] = ["F", "M", "O"];
export const AGE = "age_years";
const OLDEST = 150;

export interface View {
  /** Of the measurement; empty: none is chosen yet. */
  name: string;
  /** Another one, or {@link AGE}; empty: the distribution alone. */
  against: string;
  modality: string;
  sex: Sex | "";
  /** Completed years. */
  ageFrom: number | null;
  ageTo: number | null;
  /** Study dates, `2026-02-01`. */
  dateFrom: string;
  dateTo: string;
}

const NAME = /^[A-Za-z0-9_.]{1,100}$/;
const MODALITY = /^\w{1,64}$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Off the address; what the server would refuse is left out. */
export function viewOf(params: URLSearchParams): View {
  const text = (key: string, valid: RegExp) => {
    const value = params.get(key) ?? "";
    return valid.test(value) ? value : "";
  };
  const day = (key: string) => {
    const value = text(key, DAY);
    return value && !Number.isNaN(Date.parse(value)) ? value : "";
  };
  const age = (key: string) => {
    const value = params.get(key) ?? "";
    return /^\d{1,3}$/.test(value) && Number(value) <= OLDEST ? Number(value) : null;
  };
  const name = text("name", NAME);
  const against = text("against", NAME);
  return {
    name,
    against: against === name ? "" : against,
    modality: text("modality", MODALITY),
    sex: SEXES.find((one) => one === params.get("sex")) ?? "",
    ageFrom: age("age_from"),
    ageTo: age("age_to"),
    dateFrom: day("date_from"),
    dateTo: day("date_to"),
  };
}

/** The address' query; what restricts nothing is left out. */
export function paramsOf(view: View): URLSearchParams {
  const params = new URLSearchParams();
  const entries = [
    ["name", view.name],
    ["against", view.against],
    ["modality", view.modality],
    ["sex", view.sex],
    ["age_from", view.ageFrom],
    ["age_to", view.ageTo],
    ["date_from", view.dateFrom],
    ["date_to", view.dateTo],
  ] as const;
  for (const [key, value] of entries)
    if (value !== "" && value !== null) params.set(key, String(value));
  return params;
}

/** Whose studies, as the server is asked. */
export function cohortOf(view: View): Cohort {
  return {
    modality: view.modality || undefined,
    sex: view.sex || undefined,
    age_from: view.ageFrom ?? undefined,
    age_to: view.ageTo ?? undefined,
    date_from: view.dateFrom || undefined,
    date_to: view.dateTo || undefined,
  };
}

/** Where the table of what is shown comes from; the age stands in each row anyway. */
export function csvAddress(view: View): string {
  const params = paramsOf({ ...view, name: "", against: "" });
  params.append("name", view.name);
  if (view.against && view.against !== AGE) params.append("name", view.against);
  return `/api/v1/measurements.csv?${params.toString()}`;
}
