/** Parts of the worklist that are loaded when they are first wanted. */
import { lazy } from "react";

export const QuickLook = lazy(async () => ({
  default: (await import("./QuickLook")).QuickLook,
}));
export const DeleteDialog = lazy(async () => ({
  default: (await import("./CommandDialogs")).DeleteDialog,
}));
export const RefusedDialog = lazy(async () => ({
  default: (await import("./CommandDialogs")).RefusedDialog,
}));
export const UploadDialog = lazy(async () => ({
  default: (await import("./upload/UploadDialog")).UploadDialog,
}));
export const UploadPanel = lazy(async () => ({
  default: (await import("./upload/UploadPanel")).UploadPanel,
}));
export const BulkBar = lazy(async () => ({ default: (await import("./BulkBar")).BulkBar }));
