/** Files on their way, with their progress. */
import { ApiError, problemOf } from "@/api/errors";

/** A file's bytes, unpacked by the browser while they arrive. */
export async function load(
  url: string,
  bytes: number,
  told: (received: number) => void,
  signal: AbortSignal,
): Promise<ArrayBuffer> {
  const response = await fetch(url, { signal, credentials: "same-origin" });
  if (!response.ok || !response.body) throw await problemOf(response);
  // The size is known: what arrives is put where it stays.
  const file = new Uint8Array(bytes);
  const reader = response.body.getReader();
  let received = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (received + part.value.length > bytes) throw changed();
    file.set(part.value, received);
    received += part.value.length;
    told(received);
  }
  if (received !== bytes) throw changed();
  return file.buffer;
}

/** Results may be replaced while they are looked at. */
function changed(): ApiError {
  return new ApiError(409, "changed", "the study's results were replaced; load the page again");
}
