/** Packs and sends one upload beside the page; ending the worker cancels it. */
import { makeZip, predictLength } from "client-zip";

import type { Accepted, Order, Told } from "./messages";
import type { Parcel } from "./parcels";

const TELL_EVERY_MS = 150;

self.onmessage = ({ data }: MessageEvent<Order>) => void work(data);

function tell(told: Told): void {
  self.postMessage(told);
}

async function work({ parcel, url, headers }: Order): Promise<void> {
  let body: Blob | undefined;
  try {
    body = parcel.kind === "zip" ? parcel.files[0] : await packed(parcel);
    // A file that has gone is found out before it is sent.
    await body?.slice(0, 1).arrayBuffer();
  } catch {
    body = undefined;
  }
  if (body) send(body, url, headers);
  else tell({ phase: "failed", reason: "unreadable", detail: "" });
}

/**
 * A ZIP of the files; the browser keeps a large one on its disk.
 *
 * Names of files may tell of patients, so they are numbers there.
 */
async function packed({ files }: Parcel): Promise<Blob> {
  const entries = files.map((file, index) => ({
    name: `${index + 1}.dcm`,
    size: file.size,
    input: file,
  }));
  const total = Number(predictLength(entries));
  const progress = counter("packing", total);
  let done = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform: (chunk, controller) => {
      done += chunk.byteLength;
      progress(done);
      controller.enqueue(chunk);
    },
  });
  return new Response(makeZip(entries).pipeThrough(counted)).blob();
}

function send(body: Blob, url: string, headers: Record<string, string>): void {
  const form = new FormData();
  form.append("file", body, "upload.zip");
  const request = new XMLHttpRequest();
  const progress = counter("sending", body.size);
  request.upload.onprogress = ({ loaded }) => progress(Math.min(loaded, body.size));
  request.upload.onload = () => tell({ phase: "storing" });
  request.onload = () => tell(answerOf(request));
  request.onerror = () => tell({ phase: "failed", reason: "unreachable", detail: "" });
  request.open("POST", url);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.send(form);
}

function answerOf(request: XMLHttpRequest): Told {
  try {
    const answer: unknown = JSON.parse(request.responseText);
    if (request.status < 300) return { phase: "done", accepted: answer as Accepted };
    const { detail = "" } = answer as { detail?: string };
    return { phase: "failed", reason: "refused", detail };
  } catch {
    return { phase: "failed", reason: "refused", detail: `HTTP ${request.status}` };
  }
}

function counter(phase: "packing" | "sending", total: number): (done: number) => void {
  let toldAt = 0;
  return (done) => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    tell({ phase, done, total });
  };
}
