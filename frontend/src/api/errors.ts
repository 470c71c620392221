/** What the server says when something is refused (RFC 9457, `application/problem+json`). */

export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    /** For programs: `csrf`, `password_change`, … */
    readonly code: string,
    /** For people. */
    readonly detail: string,
  ) {
    super(detail);
  }
}

export async function problemOf(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as { code?: string; detail?: string; title?: string };
    return new ApiError(
      response.status,
      body.code ?? "",
      body.detail ?? body.title ?? response.statusText,
    );
  } catch {
    return new ApiError(response.status, "", response.statusText || `HTTP ${response.status}`);
  }
}

/** What to show for anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
