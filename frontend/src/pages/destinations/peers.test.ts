import { expect, test } from "vitest";

import { addressOf, fieldsOf, isRequired, KINDS, type Peer, peerOf, valuesOf } from "./peers";

const NODE: Peer = {
  kind: "dicom",
  ae_title: "ARCHIVE",
  host: "pacs.example",
  port: 11112,
  calling_ae: "",
  tls: true,
  ca: "/etc/ca.pem",
  commitment: true,
  segmentation: "labelmap",
  structures: "all",
  captures: "single_frame",
};

test("what there is comes back unchanged", () => {
  expect(peerOf("dicom", valuesOf("dicom", NODE))).toEqual(NODE);
});

test("what is not asked stays as it is", () => {
  const hook: Peer = { kind: "webhook", url: "https://flow.example/", user: "flow", ca: null };
  expect(peerOf("webhook", valuesOf("webhook", hook), hook)).toEqual(hook);
  expect(peerOf("folder", { path: "/srv" }, hook)).toEqual({ kind: "folder", path: "/srv" });
});

test("another kind begins with what is usual", () => {
  expect(valuesOf("hl7", NODE)).toMatchObject({
    host: "",
    port: "2575",
    tls: false,
    character_set: "UNICODE UTF-8",
  });
});

test("a certificate is asked for, and told, only where the line is encrypted", () => {
  const values = { ...valuesOf("dicom", NODE), tls: false };
  expect(fieldsOf("dicom", values)).not.toContain("ca");
  expect(peerOf("dicom", values)).not.toHaveProperty("ca");
  expect(fieldsOf("fhir", { url: "https://fhir.example/r4" })).toContain("ca");
  expect(peerOf("fhir", { url: "https://fhir.example/r4 ", user: "", ca: "" })).toEqual({
    kind: "fhir",
    url: "https://fhir.example/r4",
    user: "",
    ca: null,
  });
});

test("every kind asks where it is", () => {
  for (const kind of KINDS)
    expect(fieldsOf(kind, valuesOf(kind)).filter(isRequired)).not.toHaveLength(0);
});

test("an address in one line", () => {
  expect(addressOf(NODE)).toBe("ARCHIVE @ pacs.example:11112");
  expect(addressOf({ kind: "folder", path: "/srv/results" })).toBe("/srv/results");
});
