/** What the page and the worker that sends an upload tell each other. */
import type { Schemas } from "@/api/client";

import type { Parcel } from "./parcels";

export type Accepted = Schemas["UploadAccepted"];

export interface Order {
  parcel: Parcel;
  url: string;
  headers: Record<string, string>;
}

export type Told =
  | { phase: "packing" | "sending"; done: number; total: number }
  | { phase: "storing" }
  | { phase: "done"; accepted: Accepted }
  | { phase: "failed"; reason: "unreadable" | "unreachable" | "refused"; detail: string };
