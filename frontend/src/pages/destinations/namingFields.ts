import { ApiError } from "@/api/errors";

/** Says which fields of a form the server does not take, by what stands beside them. */
export async function namingFields(
  asked: Promise<unknown>,
  told: (fields: readonly string[]) => string,
): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof ApiError && error.fields.length > 0)
      throw new Error(told(error.fields), { cause: error });
    throw error;
  }
}
