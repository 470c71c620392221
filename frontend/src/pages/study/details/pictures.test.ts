import { expect, test } from "vitest";

import { knownPicture, pictureUrl, sortedPictures } from "./pictures";

test("the bleed's centre is looked at first, the overview last, what is unknown after", () => {
  expect(
    sortedPictures([
      "zz.png",
      "coronal_overview.png",
      "L3_overlay.png",
      "bleed_overlay_superior_85.png",
      "bleed_overlay_center_50.png",
    ]),
  ).toEqual([
    "bleed_overlay_center_50.png",
    "bleed_overlay_superior_85.png",
    "L3_overlay.png",
    "coronal_overview.png",
    "zz.png",
  ]);
});

test("known pictures have a caption", () => {
  expect(knownPicture("L3_overlay.png")).toBe("L3_overlay");
  expect(knownPicture("new.png")).toBeNull();
});

test("an address is safe and follows the results", () => {
  expect(pictureUrl(3, "a b.png", "2026-01-01T10:00:00+01:00")).toBe(
    "/api/v1/studies/3/images/a%20b.png?made=2026-01-01T10%3A00%3A00%2B01%3A00",
  );
});
