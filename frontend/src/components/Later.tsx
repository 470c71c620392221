import { type ReactNode, Suspense, useState } from "react";

interface Props {
  /** Since when its content is wanted; from then on it stays. */
  when: boolean;
  children: ReactNode;
}

/** What is loaded when it is first wanted: dialogs and drawers most visits do without. */
export function Later({ when, children }: Props) {
  const [wanted, setWanted] = useState(when);
  if (when && !wanted) setWanted(true);
  return wanted ? <Suspense fallback={null}>{children}</Suspense> : null;
}
