/** What the server says when something is refused (RFC 9457, `application/problem+json`). */

import type { components } from "./schema";

type Schemas = components["schemas"];

export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    /** For programs: `csrf`, `password_change`, … */
    readonly code: string,
    /** For people. */
    readonly detail: string,
    /** What of a request is wrong, by the names of its fields. */
    readonly fields: readonly string[] = [],
    /** What is said, as a statement that has words in every language. */
    readonly why: Schemas["CodedStatement"] | null = null,
  ) {
    super(detail);
  }
}

interface Told {
  code?: string;
  detail?: string;
  title?: string;
  errors?: { location: string }[];
  why?: Schemas["CodedStatement"];
}

export async function problemOf(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as Told;
    const fields = body.errors?.map(({ location }) => location.split(".").at(-1) ?? location);
    return new ApiError(
      response.status,
      body.code ?? "",
      body.detail ?? body.title ?? response.statusText,
      fields,
      body.why,
    );
  } catch {
    return new ApiError(response.status, "", response.statusText || `HTTP ${response.status}`);
  }
}

/** What to show for anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
