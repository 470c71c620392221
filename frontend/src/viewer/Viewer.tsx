import { ErrorPanel } from "@/components/ErrorPanel";
import { Waiting } from "@/components/Waiting";

import { type Jump, useViewerManifest } from "./manifest";

export interface ViewerProps {
  studyId: number;
  jump: Jump | null;
  onReady?: () => void;
}

/** Volume and structures of a study; fills its parent. */
export function Viewer({ studyId }: ViewerProps) {
  const { data, error, refetch } = useViewerManifest(studyId);
  if (error) return <ErrorPanel error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return null;
}
