/** An object on its way to a destination: what can be done with it, and what it is about. */
import type { Schemas } from "@/api/client";

export type Delivery = Schemas["DeliveryOut"];
export type DeliveryState = Delivery["state"];
export type ObjectKind = Delivery["kind"];

export const OPEN: readonly DeliveryState[] = ["waiting", "sending"];
export const FAILED: readonly DeliveryState[] = ["refused", "given_up"];

export function isOpen(delivery: Pick<Delivery, "state">): boolean {
  return OPEN.includes(delivery.state);
}

/** What was superseded stays: the newer results are sent in its place. */
export function canResend({ state }: Pick<Delivery, "state">): boolean {
  return state !== "sending" && state !== "superseded";
}

/** Who or what made it be sent: a rule, or a person. */
export function causeOf(cause: string): { by: "rule" | "person"; name: string } {
  const rule = "rule:";
  return cause.startsWith(rule)
    ? { by: "rule", name: cause.slice(rule.length) }
    : { by: "person", name: cause };
}

/** What newer results have replaced goes last; otherwise as it came, the newest first. */
export function currentFirst<One extends Pick<Delivery, "state">>(all: readonly One[]): One[] {
  const rank = ({ state }: One) => (state === "superseded" ? 1 : 0);
  return all.toSorted((one, other) => rank(one) - rank(other));
}

const SOON_MS = 3000;
const FRESH_MS = 60_000;

/** How often to ask: often while something that changed a moment ago is under way, else as the
 * page does. What waits for days is not asked for every few seconds: each look is in the audit
 * trail. */
export function intervalOf(
  all: readonly Pick<Delivery, "state" | "changed_at">[] | undefined,
  otherwise: number,
  now = Date.now(),
): number {
  const isFresh = ({ changed_at }: { changed_at: string }) =>
    now - new Date(changed_at).getTime() < FRESH_MS;
  return all?.some((one) => isOpen(one) && isFresh(one)) ? SOON_MS : otherwise;
}
