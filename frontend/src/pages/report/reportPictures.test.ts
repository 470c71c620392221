import { expect, test } from "vitest";

import { reportPictures } from "./reportPictures";

const TRUNK = ["L3_overlay.png", "aorta_overlay.png", "coronal_overview.png", "spine_overlay.png"];

test("without a finding that has a picture, the usual ones", () => {
  expect(reportPictures(TRUNK, ["splenomegaly"])).toEqual([
    "L3_overlay.png",
    "coronal_overview.png",
  ]);
});

test("the picture of the most urgent finding comes first, and no second one", () => {
  expect(reportPictures(TRUNK, ["abdominal_aorta_dilated", "low_bone_density"])).toEqual([
    "aorta_overlay.png",
    "L3_overlay.png",
    "coronal_overview.png",
  ]);
});

test("three at most, and none that was not drawn", () => {
  const all = [...TRUNK, "nodules_overlay.png", "ventricles_overlay.png"];
  expect(reportPictures(all, ["kidney_stone_left"])).toEqual([
    "ventricles_overlay.png",
    "nodules_overlay.png",
    "L3_overlay.png",
  ]);
});
