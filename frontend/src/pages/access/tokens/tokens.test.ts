import { expect, test } from "vitest";

import { stateOf, type Token, workingFirst } from "./tokens";

const NOW = Date.parse("2026-02-01T12:00:00Z");
const token = (name: string, changes: Partial<Token> = {}): Token => ({
  name,
  scopes: ["read"],
  created_at: "2026-01-01T00:00:00Z",
  created_by: "user:anna",
  expires_at: null,
  last_used_at: null,
  revoked_at: null,
  ...changes,
});

test("a token ends by its date or by being revoked", () => {
  expect(stateOf(token("a"), NOW)).toBe("works");
  expect(stateOf(token("a", { expires_at: "2026-02-01T12:00:01Z" }), NOW)).toBe("works");
  expect(stateOf(token("a", { expires_at: "2026-02-01T12:00:00Z" }), NOW)).toBe("expired");
  const both = { expires_at: "2026-01-31T00:00:00Z", revoked_at: "2026-01-30T00:00:00Z" };
  expect(stateOf(token("a", both), NOW)).toBe("revoked");
});

test("what works stands first, otherwise as it came", () => {
  const revoked = { revoked_at: "2026-01-30T00:00:00Z" };
  const names = workingFirst([token("a", revoked), token("b"), token("c")], NOW);
  expect(names.map((one) => one.name)).toEqual(["b", "c", "a"]);
});
