import { gunzipSync } from "node:zlib";

import { expect, test } from "vitest";

import { decoded, type Difference, encoded, packed, unpacked } from "./difference";
import { RunBuilder } from "./runs";

/**
 * The same changes as Python's `struct` packs them, little-endian:
 *
 *     b"HDLRDIF1" + pack("<I", len(header)) + header
 *     + for each map: pack("<nI", *starts) + pack("<nI", *lengths) + bytes(before) + bytes(after)
 */
const BYTES = Buffer.from(
  [
    "SERMUkRJRjFZAAAAeyJzaGFwZSI6WzUxMiwzMDAsNF0sIm1hcHMiOlt7Im5hbWUiOiJ0b3RhbCIs",
    "InJ1bnMiOjN9LHsibmFtZSI6InRpc3N1ZV90eXBlcyIsInJ1bnMiOjF9XX0AAAAACwAAAHARAQAD",
    "AAAAAQAAANABAQAABQEFAP8HAAAAAgAAAAMB",
  ].join(""),
  "base64",
);

function runs(...rows: [number, number, number, number][]) {
  const builder = new RunBuilder();
  for (const row of rows) builder.add(...row);
  return builder.done();
}

const DIFFERENCE: Difference = {
  shape: [512, 300, 4],
  maps: new Map([
    ["total", runs([0, 3, 0, 5], [11, 1, 5, 0], [70_000, 66_000, 1, 255])],
    ["tissue_types", runs([7, 2, 3, 1])],
  ]),
};

test("changes are written to the byte as the server reads them", () => {
  expect(Buffer.from(encoded(DIFFERENCE)).equals(BYTES)).toBe(true);
});

test("and read back", () => {
  expect(decoded(Uint8Array.from(BYTES))).toEqual(DIFFERENCE);
});

test("they travel compressed", async () => {
  const sent = Buffer.from(await (await packed(DIFFERENCE)).arrayBuffer());
  expect(gunzipSync(sent).equals(BYTES)).toBe(true);
  expect(await unpacked(sent.buffer)).toEqual(DIFFERENCE);
});

test.each([
  ["cut off", BYTES.subarray(0, -1)],
  ["too long", Buffer.concat([BYTES, Buffer.from([0])])],
  ["something else", Buffer.from("HDLRDIF2 and more bytes")],
])("what is %s is refused", (_, bytes) => {
  expect(() => decoded(Uint8Array.from(bytes))).toThrow();
});
