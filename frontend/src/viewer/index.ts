/**
 * The viewer of a study: volume, label maps, places to jump to.
 *
 * What is imported from here is small; the library that draws is loaded with the first viewer.
 */
import { lazy } from "react";

export { type Jump, type JumpTarget, useViewerManifest } from "./manifest";

/** Fills its parent. Suspends while its program is loaded. */
export const Viewer = lazy(async () => ({ default: (await import("./Viewer")).Viewer }));
