/**
 * The viewer of a study: volume, label maps, places to jump to.
 *
 * What is imported from here is small; the library that draws is loaded with the first viewer.
 */
import { lazy } from "react";

export {
  type Compared,
  type Jump,
  type JumpTarget,
  useViewerManifest,
  type ViewerManifest,
} from "./manifest";

export type { MoreOfStructure } from "./StructureMenu";

const load = async () => ({ default: (await import("./Viewer")).Viewer });

/** Fills its parent. Suspends while its program is loaded. */
export const Viewer = lazy(load);

/** Begin to load that program. What goes wrong is told where it is used. */
export function preloadViewer(): void {
  load().catch(() => undefined);
}
