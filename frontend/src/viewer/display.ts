/** What the viewer shows, and how: everything a person can choose. */
import type { Layout, StructureKey, Tool } from "./state";
import type { WindowLevel } from "./windows";

export interface Display {
  layout: Layout;
  tool: Tool;
  window: WindowLevel;
  shown: ReadonlySet<StructureKey>;
  opacity: number;
  outline: boolean;
  masksOff: boolean;
  body: number;
  /** What differs between two versions stands out. */
  differences: boolean;
  /** Of a distance, in the reader's language. */
  distanceText: (mm: number) => string;
}
