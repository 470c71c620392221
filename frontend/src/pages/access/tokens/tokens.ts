import type { Schemas } from "@/api/client";

export type Token = Schemas["TokenView"];
export type Scope = Token["scopes"][number];
export const SCOPES: readonly Scope[] = ["upload", "read", "metrics", "admin"];

/** Whether it still opens anything. */
export function stateOf(token: Token, now: number): "works" | "revoked" | "expired" {
  if (token.revoked_at) return "revoked";
  if (token.expires_at && Date.parse(token.expires_at) <= now) return "expired";
  return "works";
}

/** Those that work first; within them the server's order. */
export function workingFirst(tokens: readonly Token[], now: number): Token[] {
  const rank = (token: Token) => (stateOf(token, now) === "works" ? 0 : 1);
  return [...tokens].sort((a, b) => rank(a) - rank(b));
}
