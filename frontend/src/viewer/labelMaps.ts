/** Which label maps have a file, now and in earlier versions. */
import type { LabelMap, ViewerManifest } from "./manifest";

/** One that has a file; the others have no voxel. */
export type StoredMap = LabelMap & { url: string };

export function isStored(map: LabelMap): map is StoredMap {
  return map.url !== null;
}

/** The same images with the label maps of an earlier version of the results. */
export function asOfVersion(manifest: ViewerManifest, version: number): ViewerManifest {
  const folder = `/api/v1/studies/${manifest.study_id}/versions/${version}/labels`;
  // Nobody changed the others.
  const labels = manifest.labels?.map((map) =>
    map.corrected ? { ...map, url: `${folder}/${map.name}.nii` } : map,
  );
  return { ...manifest, labels: labels ?? null };
}
