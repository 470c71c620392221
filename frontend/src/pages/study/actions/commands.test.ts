import { expect, test } from "vitest";

import { commandsFor, mainCommand, permissionOf } from "./commands";

const done = {
  state: "done",
  stat: false,
  flagged: false,
  has_results: true,
  unread: false,
} as const;

test("a finished study can be done anew, marked, and deleted", () => {
  expect(commandsFor(done)).toEqual(["reprocess", "unread", "flag", "delete"]);
});

test("what is worked on is cancelled before it can be deleted", () => {
  const working = { ...done, state: "segmenting", has_results: false } as const;
  expect(commandsFor(working)).toEqual(["cancel", "stat", "flag"]);
});

test("a failed study offers to try again first, and may be hurried", () => {
  const failed = { ...done, state: "failed", has_results: false } as const;
  expect(commandsFor(failed)[0]).toBe("retry");
  expect(commandsFor(failed)).toContain("stat");
  expect(mainCommand(failed)).toBe("retry");
});

test("images that arrive can be taken as all there is", () => {
  expect(mainCommand({ ...done, state: "receiving" })).toBe("start");
  expect(mainCommand(done)).toBeNull();
});

test("marks are taken away where they are set", () => {
  const marked = { ...done, state: "queued", stat: true, flagged: true, unread: true } as const;
  expect(commandsFor(marked)).toEqual(["cancel", "routine", "read", "unflag", "delete"]);
});

test("only administrators delete; what changes the list is for operators", () => {
  expect(permissionOf("delete")).toBe("admin");
  expect(permissionOf("unread")).toBe("operate");
  expect(permissionOf("retry")).toBe("operate");
});
