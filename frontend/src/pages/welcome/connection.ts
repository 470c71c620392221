/** What the callers of this machine tell about its connection. */
import type { Schemas } from "@/api/client";

export type Peer = Schemas["PeerOut"];

export interface Sign {
  at: string;
  by: string;
}

/** Whom a person recognises: the title it says, and where it is. */
export const nameOf = (peer: Peer): string =>
  [peer.ae_title, peer.address].filter(Boolean).join(" · ");

/** The latest time that somebody did this, and who; null: nobody ever. */
export function latest(
  peers: readonly Peer[],
  what: "last_echo_at" | "last_store_at",
): Sign | null {
  return peers.reduce<Sign | null>((found, peer) => {
    const at = peer[what];
    return at && (!found || at > found.at) ? { at, by: nameOf(peer) } : found;
  }, null);
}

/** Peers whose last word was a refusal: nobody at their address has got through since. */
export function turnedAway(peers: readonly Peer[]): (Peer & { last_rejection_at: string })[] {
  const throughAt = (address: string) =>
    peers
      .filter((one) => one.address === address)
      .flatMap((one) => [one.last_echo_at, one.last_store_at])
      .reduce<string>((last, at) => (at && at > last ? at : last), "");
  return peers.filter(
    (peer): peer is Peer & { last_rejection_at: string } =>
      peer.last_rejection_at !== null && peer.last_rejection_at > throughAt(peer.address),
  );
}

/** What would let a peer in; the reasons are the listener's words. */
export type Remedy =
  { kind: "setting"; name: string; value: string } | { kind: "call" | "disk" | "tls" | "unknown" };

export function remedyFor(peer: Peer, settings: Readonly<Record<string, string>>): Remedy {
  const reason = peer.last_rejection;
  const added = (name: string, word: string): Remedy => ({
    kind: "setting",
    name,
    value: [settings[name], word].filter(Boolean).join(","),
  });
  if (reason === "its address may not connect") return added("HEIMDALLR_DICOM_PEERS", peer.address);
  if (reason === "this AE title may not call from this address")
    return added("HEIMDALLR_DICOM_PEERS", `${peer.ae_title}@${peer.address}`);
  if (reason === "its AE title is not listed")
    return added("HEIMDALLR_CALLING_AE_TITLES", peer.ae_title);
  if (reason === "called by an AE title that is not ours") return { kind: "call" };
  if (reason.startsWith("the disk is")) return { kind: "disk" };
  if (reason.startsWith("TLS:")) return { kind: "tls" };
  return { kind: "unknown" };
}

/** How to try it from the sender's side with DCMTK. */
export function commands(ae: string, host: string, port: number): Record<"echo" | "send", string> {
  const there = `-v -aet PACS -aec ${ae} ${host} ${port}`;
  return {
    echo: `echoscu ${there}`,
    send: `dcmsend --scan-directories --recurse ${there} /path/to/study`,
  };
}

/** A name that leads nowhere from another machine. */
export function isLocal(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}
