import { expect, test } from "vitest";

import { reasonKey } from "./reasons";

test("the server's reasons have texts in both languages", () => {
  expect(reasonKey("the volume was removed by retention")).toBe("error.retention");
  expect(reasonKey("the masks were removed by retention")).toBe("error.retentionMasks");
  expect(reasonKey("these results are older than label maps; reprocess the study")).toBe(
    "error.older",
  );
  expect(reasonKey("the volume cannot be read; reprocess the study")).toBe("error.unreadable");
});

test("an unknown reason is shown in its own words", () => {
  expect(reasonKey("somebody took it")).toBeNull();
});
