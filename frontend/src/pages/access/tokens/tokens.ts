import type { Schemas } from "@/api/client";

export type Token = Schemas["TokenView"];
export type Scope = Token["scopes"][number];
export const SCOPES: readonly Scope[] = ["upload", "read", "operate", "metrics", "admin"];

/** Those that work first; within them the server's order. */
export function workingFirst(tokens: readonly Token[]): Token[] {
  const rank = (token: Token) => (token.state === "valid" ? 0 : 1);
  return [...tokens].sort((a, b) => rank(a) - rank(b));
}
