import { expect, test } from "vitest";

import { asOfVersion } from "./labelMaps";
import type { ViewerManifest } from "./manifest";
import { BLEED, TISSUE, TOTAL } from "./sample";

test("of an earlier version come the label maps that persons changed, also those without a file", () => {
  const labels = [{ ...TOTAL, corrected: true }, TISSUE, BLEED, { ...BLEED, corrected: true }];
  const urls = asOfVersion({ study_id: 17, labels } as unknown as ViewerManifest, 2).labels?.map(
    ({ url }) => url,
  );
  const folder = "/api/v1/studies/17/versions/2/labels";
  expect(urls).toEqual([`${folder}/total.nii`, "/tissue_types", null, `${folder}/bleed.nii`]);
});
