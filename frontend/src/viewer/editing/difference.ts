/**
 * Changed voxels as they travel: gzip of a header and, for each label map, its runs.
 *
 * The same bytes lie in a case folder (`corrections/<n>/difference.gz`, docs/case-folder.md).
 */
import type { Triple } from "../geometry";
import type { Runs } from "./runs";

export interface Difference {
  shape: Triple;
  maps: ReadonlyMap<string, Runs>;
}

const MAGIC = "HDLRDIF1";
const BYTES_OF_RUN = 10;

interface Header {
  shape: [number, number, number];
  maps: { name: string; runs: number }[];
}

export function encoded({ shape, maps }: Difference): Uint8Array<ArrayBuffer> {
  const header: Header = {
    shape: [...shape],
    maps: [...maps].map(([name, { starts }]) => ({ name, runs: starts.length })),
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const runs = header.maps.reduce((sum, one) => sum + one.runs, 0);
  const bytes = new Uint8Array(MAGIC.length + 4 + text.length + runs * BYTES_OF_RUN);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(MAGIC.length, text.length, true);
  bytes.set(text, MAGIC.length + 4);
  let at = MAGIC.length + 4 + text.length;
  for (const { starts, lengths, before, after } of maps.values()) {
    for (const numbers of [starts, lengths])
      for (const number of numbers) {
        view.setUint32(at, number, true);
        at += 4;
      }
    bytes.set(before, at);
    bytes.set(after, at + before.length);
    at += before.length + after.length;
  }
  return bytes;
}

export function decoded(bytes: Uint8Array<ArrayBuffer>): Difference {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const begins = new TextDecoder().decode(bytes.subarray(0, MAGIC.length));
  if (begins !== MAGIC) throw new Error("these are no changes of a label map");
  const length = view.getUint32(MAGIC.length, true);
  let at = MAGIC.length + 4 + length;
  const header = JSON.parse(
    new TextDecoder().decode(bytes.subarray(MAGIC.length + 4, at)),
  ) as Header;
  const numbers = (count: number) => {
    const found = Uint32Array.from({ length: count }, (_, n) => view.getUint32(at + 4 * n, true));
    at += 4 * count;
    return found;
  };
  const labels = (count: number) => bytes.slice(at, (at += count));
  const maps = header.maps.map(({ name, runs }): [string, Runs] => [
    name,
    {
      starts: numbers(runs),
      lengths: numbers(runs),
      before: labels(runs),
      after: labels(runs),
    },
  ]);
  if (at !== bytes.length) throw new Error("these changes of a label map are cut off");
  return { shape: header.shape, maps: new Map(maps) };
}

export async function packed(difference: Difference): Promise<Blob> {
  const plain = new Blob([encoded(difference)]).stream();
  return new Response(plain.pipeThrough(new CompressionStream("gzip"))).blob();
}

/** A difference as the server sends it. */
export async function unpacked(packed: ArrayBuffer): Promise<Difference> {
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return decoded(new Uint8Array(await new Response(plain).arrayBuffer()));
}
