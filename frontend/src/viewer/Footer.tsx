import { useSyncExternalStore } from "react";

import type { Engine } from "./engine";
import { hitAt } from "./hit";
import type { ImageFile, ViewerManifest } from "./manifest";
import { AXES } from "./layouts";
import { Readout } from "./Readout";
import { SliceSlider } from "./SliceSlider";
import type { Layout } from "./state";
import classes from "./Viewer.module.css";

interface Props {
  manifest: ViewerManifest;
  volume: ImageFile;
  engine: Engine;
  layout: Layout;
  /** Values are the volume's own, not the preview's. */
  isFull: boolean;
}

/** Where one is, what is there, and the way through the slices. */
export function Footer({ manifest, volume, engine, layout, isFull }: Props) {
  const view = useSyncExternalStore(engine.subscribe, engine.view);
  const axis = AXES[layout];
  const place = view.pointer ?? view.crosshair;
  const hit = hitAt(place, volume, engine.image, engine.loaded);
  return (
    <div className={classes.footer}>
      {axis !== undefined && (
        <SliceSlider
          slice={engine.sliceOf(axis)}
          slices={volume.shape[axis]}
          isAxial={axis === 2}
          onSlice={(slice) => engine.goToSlice(axis, slice)}
        />
      )}
      <Readout hit={hit} isHounsfield={manifest.windows.length > 0} isFull={isFull} />
    </div>
  );
}
