/** Where the viewer is sent: by the reader, and at first by what makes the study urgent. */
import { useCallback, useState } from "react";

import type { Jump, JumpTarget, ViewerManifest } from "@/viewer";

import { openingOf } from "./findings/urgency";
import type { Results } from "./queries";

interface Sent {
  jump: Jump | null;
  /** The finding the images opened at by themselves. */
  openedAt: number | null;
  /** When the results were made for which that was decided; later acknowledgements move nothing. */
  decided: string | null;
}

export function useJump(results: Results, manifest: ViewerManifest | undefined) {
  const [sent, setSent] = useState<Sent>({ jump: null, openedAt: null, decided: null });

  // Decided while drawing, or the viewer would show the middle of the volume first.
  if (manifest && manifest.created_at !== sent.decided) {
    const isReaders = sent.jump !== null && sent.openedAt === null;
    const opening = isReaders ? null : openingOf(results.findings, manifest.targets.findings);
    setSent({
      jump: isReaders ? sent.jump : opening && { target: opening.target, count: 0 },
      openedAt: opening?.finding ?? null,
      decided: manifest.created_at,
    });
  }

  const goTo = useCallback((target: JumpTarget) => {
    setSent(({ jump, decided }) => ({
      jump: { target, count: (jump?.count ?? 0) + 1 },
      openedAt: null,
      decided,
    }));
  }, []);

  return { jump: sent.jump, openedAt: sent.openedAt, goTo };
}
