/** The uploads of this tab; they go on while one looks at other pages, one after another. */
import { useSyncExternalStore } from "react";

import { csrfHeaders } from "@/api/client";
import { queryClient } from "@/app/queryClient";

import type { Accepted, Told } from "./messages";
import type { Parcel } from "./parcels";
import { type Sample, speedOf, withSample } from "./speed";

export interface Upload {
  id: number;
  parcel: Parcel;
  stat: boolean;
  phase: "waiting" | "cancelled" | Told["phase"];
  done: number;
  total: number;
  /** Bytes per second, while it is sent. */
  speed: number | null;
  accepted: Accepted | null;
  /** Why it failed; `detail` is what the server said. */
  failure: { reason: string; detail: string } | null;
}

const OVER: readonly Upload["phase"][] = ["done", "failed", "cancelled"];
const listeners = new Set<() => void>();
let uploads: readonly Upload[] = [];
let working: { id: number; worker: Worker } | null = null;
let lastId = 0;

export function isOver({ phase }: Upload): boolean {
  return OVER.includes(phase);
}

export function useUploads(): readonly Upload[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => uploads,
  );
}

export function startUploads(parcels: readonly Parcel[], stat: boolean): void {
  const added = parcels.map((parcel): Upload => ({
    id: ++lastId,
    parcel,
    stat,
    phase: "waiting",
    done: 0,
    total: parcel.files.reduce((sum, { size }) => sum + size, 0),
    speed: null,
    accepted: null,
    failure: null,
  }));
  set([...uploads, ...added]);
  next();
}

export function cancelUpload(id: number): void {
  change(id, { phase: "cancelled", speed: null });
  if (working?.id === id) finish();
}

export function retryUpload(id: number): void {
  const upload = uploads.find((one) => one.id === id);
  if (!upload || !isOver(upload)) return;
  set(uploads.filter((one) => one.id !== id));
  startUploads([upload.parcel], upload.stat);
}

export function forgetFinished(): void {
  set(uploads.filter((one) => !isOver(one)));
}

function next(): void {
  const upload = uploads.find(({ phase }) => phase === "waiting");
  if (working || !upload) return;
  const worker = new Worker(new URL("./upload.worker.ts", import.meta.url), { type: "module" });
  working = { id: upload.id, worker };
  let samples: Sample[] = [];
  worker.onmessage = ({ data }: MessageEvent<Told>) => {
    if (data.phase === "sending")
      samples = withSample(samples, { at: performance.now(), bytes: data.done });
    change(upload.id, changeBy(data, speedOf(samples)));
    if (data.phase === "done" || data.phase === "failed") finish();
  };
  worker.onerror = () => {
    change(upload.id, { phase: "failed", failure: { reason: "unreadable", detail: "" } });
    finish();
  };
  const url = new URL(`/upload?priority=${upload.stat ? "stat" : "routine"}`, location.href).href;
  worker.postMessage({ parcel: upload.parcel, url, headers: csrfHeaders() });
  change(upload.id, { phase: upload.parcel.kind === "zip" ? "sending" : "packing" });
}

function changeBy(told: Told, speed: number | null): Partial<Upload> {
  if (told.phase === "packing" || told.phase === "sending")
    return { ...told, speed: told.phase === "sending" ? speed : null };
  if (told.phase === "done") return { phase: "done", accepted: told.accepted, speed: null };
  if (told.phase === "failed")
    return {
      phase: "failed",
      speed: null,
      failure: { reason: told.reason, detail: told.detail },
    };
  return { phase: "storing", speed: null };
}

function finish(): void {
  working?.worker.terminate();
  working = null;
  void queryClient.invalidateQueries({ queryKey: ["get", "/api/v1/studies"] });
  void queryClient.invalidateQueries({ queryKey: ["get", "/api/v1/worklist/counts"] });
  next();
}

function change(id: number, changed: Partial<Upload>): void {
  set(uploads.map((one) => (one.id === id && !isOver(one) ? { ...one, ...changed } : one)));
}

function set(now: readonly Upload[]): void {
  uploads = now;
  // Who leaves the page is asked first while something is under way.
  if (now.some((one) => !isOver(one))) window.addEventListener("beforeunload", askFirst);
  else window.removeEventListener("beforeunload", askFirst);
  listeners.forEach((listener) => listener());
}

function askFirst(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
