import { expect, test } from "vitest";

import { type Token, workingFirst } from "./tokens";

const token = (name: string, state: Token["state"] = "valid"): Token => ({
  name,
  state,
  scopes: ["read"],
  created_at: "2026-01-01T00:00:00Z",
  created_by: "user:anna",
  expires_at: null,
  last_used_at: null,
  revoked_at: null,
});

test("what works stands first, otherwise as it came", () => {
  const all = [token("a", "revoked"), token("b"), token("c", "future"), token("d")];
  expect(workingFirst(all).map((one) => one.name)).toEqual(["b", "d", "a", "c"]);
});
