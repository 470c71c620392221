import { expect, test } from "vitest";

import { commands, isLocal, latest, type Peer, remedyFor, turnedAway } from "./connection";

const peer = (changes: Partial<Peer>): Peer => ({
  ae_title: "PACS",
  address: "10.1.2.3",
  last_seen_at: "2026-02-01T10:00:00Z",
  last_echo_at: null,
  last_store_at: null,
  last_rejection_at: null,
  last_rejection: "",
  ...changes,
});

test("the latest echo of anybody counts", () => {
  const peers = [
    peer({ last_echo_at: "2026-02-01T10:00:00Z" }),
    peer({ ae_title: "CT1", last_echo_at: "2026-02-01T11:00:00Z" }),
  ];
  expect(latest(peers, "last_echo_at")).toEqual({
    at: "2026-02-01T11:00:00Z",
    by: "CT1 · 10.1.2.3",
  });
  expect(latest(peers, "last_store_at")).toBeNull();
});

test("who was turned away and got through later is no concern any more", () => {
  const refused = peer({ ae_title: "", last_rejection_at: "2026-02-01T10:00:00Z" });
  expect(turnedAway([refused])).toHaveLength(1);
  expect(turnedAway([refused, peer({ last_echo_at: "2026-02-01T10:05:00Z" })])).toEqual([]);
  expect(turnedAway([refused, peer({ last_echo_at: "2026-02-01T09:55:00Z" })])).toHaveLength(1);
  const elsewhere = peer({ address: "10.9.9.9", last_echo_at: "2026-02-01T10:05:00Z" });
  expect(turnedAway([refused, elsewhere])).toHaveLength(1);
});

test("an unknown address is added to those that are let in already", () => {
  const refused = peer({ last_rejection: "its address may not connect" });
  expect(remedyFor(refused, { HEIMDALLR_DICOM_PEERS: "10.1.0.4" })).toEqual({
    kind: "setting",
    name: "HEIMDALLR_DICOM_PEERS",
    value: "10.1.0.4,10.1.2.3",
  });
  expect(remedyFor(refused, {})).toMatchObject({ value: "10.1.2.3" });
});

test("titles are added where titles are listed", () => {
  const listed = peer({ last_rejection: "its AE title is not listed" });
  expect(remedyFor(listed, {})).toMatchObject({
    name: "HEIMDALLR_CALLING_AE_TITLES",
    value: "PACS",
  });
  const elsewhere = peer({ last_rejection: "this AE title may not call from this address" });
  expect(remedyFor(elsewhere, {})).toMatchObject({ value: "PACS@10.1.2.3" });
});

test("what is not a matter of who may call is told apart", () => {
  const kind = (last_rejection: string) => remedyFor(peer({ last_rejection }), {}).kind;
  expect(kind("called by an AE title that is not ours")).toBe("call");
  expect(kind("the disk is nearly full, or cannot be written")).toBe("disk");
  expect(kind("TLS: WRONG_VERSION_NUMBER")).toBe("tls");
  expect(kind("silent within a message")).toBe("unknown");
});

test("commands name title, host and port", () => {
  expect(commands("HEIMDALLR", "ct.example", 11112).echo).toBe(
    "echoscu -v -aet PACS -aec HEIMDALLR ct.example 11112",
  );
});

test("a loopback name is of no use to another machine", () => {
  expect(["localhost", "127.0.0.1", "[::1]"].map(isLocal)).toEqual([true, true, true]);
  expect(isLocal("heimdallr.example")).toBe(false);
});
