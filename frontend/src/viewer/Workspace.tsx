import { MantineThemeProvider } from "@mantine/core";
import { useFullscreenElement, useMediaQuery } from "@mantine/hooks";
import { type ReactNode, useCallback, useEffect, useReducer, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { ErrorPanel } from "@/components/ErrorPanel";
import { useFormat } from "@/i18n/format";

import { Canvas } from "./Canvas";
import { CompareBar } from "./comparing/CompareBar";
import { useComparing } from "./comparing/useComparing";
import { DraftOffer } from "./editing/DraftOffer";
import { EditBar } from "./editing/EditBar";
import { EditButton } from "./editing/EditButton";
import { EditOverlay } from "./editing/EditOverlay";
import { useEditing } from "./editing/useEditing";
import { useEditKeys } from "./editing/useEditKeys";
import { Footer } from "./Footer";
import type { Keeper } from "./kept";
import type { Command } from "./keys";
import { AXES } from "./layouts";
import { LoadingBar } from "./LoadingBar";
import type { Compared, ImageFile, Jump, LabelMap, ViewerManifest } from "./manifest";
import { beginning, keyOf, reduce, type StructureKey } from "./state";
import { StructurePanel } from "./StructurePanel";
import { type MoreOfStructure, StructureMenu } from "./StructureMenu";
import { Toolbar } from "./Toolbar";
import { TooLarge, useFirstFile, useStudyImages } from "./useStudyImages";
import { useEngine } from "./useEngine";
import { useKeys } from "./useKeys";
import { useStructureMenu } from "./useStructureMenu";
import { usePicture } from "./usePicture";
import classes from "./Viewer.module.css";
import { type Preset, signalPresets } from "./windows";

interface Props {
  manifest: ViewerManifest;
  volume: ImageFile;
  /** A correction of which both sides are looked at. */
  compared: Compared | null;
  /** One that is to be, when nobody edits any more. */
  waitsForEdits: boolean;
  onCompared: (() => void) | undefined;
  ofCompared: ReactNode;
  jump: Jump | null;
  onReady: (() => void) | undefined;
  /** What to show when the graphics card gives up. */
  lost: ReactNode;
  onRetry: () => void;
  /** What was looked at before results were replaced, and where what is looked at now is kept. */
  keeper: Keeper;
  onEditing: (isEditing: boolean) => void;
  onRenew: () => Promise<void>;
  moreOfStructure: MoreOfStructure | undefined;
}

/** Of a CT, in HU; a drag across the whole range is as long everywhere. */
const CT_RANGE = 4096;
const NO_MAPS: LabelMap[] = [];
/** Menus and tips stay inside, or full screen would hide them. */
const INSIDE = {
  components: {
    Tooltip: { defaultProps: { withinPortal: false, withArrow: true, openDelay: 400 } },
    Popover: { defaultProps: { withinPortal: false } },
  },
};

/** A telephone's screen is the images'. */
const ROOM = "(min-width: 640.1px)";
function hasRoom(): boolean {
  return matchMedia(ROOM).matches;
}

export function Workspace(props: Props) {
  const { volume, jump, onReady, lost, onRetry, keeper, compared } = props;
  const { t } = useTranslation("viewer");
  const format = useFormat();
  // Asked for again, it says the same: other results make another workspace.
  const [manifest] = useState(props.manifest);
  const maps = manifest.labels ?? NO_MAPS;
  const [grid] = useState(volume);
  const root = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const first = useFirstFile(manifest);
  const { engine, error, isLost } = useEngine(canvas, grid, maps);
  const [before] = useState(keeper.kept);
  const [state, dispatch] = useReducer(reduce, maps, (all) => before?.state ?? beginning(all));
  const [{ shown: shownAtFirst }] = useState(state);
  const [presets, setPresets] = useState<Preset[]>(manifest.windows);
  const [hasPanel, setPanel] = useState(hasRoom);
  const fullscreen = useFullscreenElement();
  const setFullscreenRef = fullscreen.ref;
  const setRoot = useCallback(
    (element: HTMLDivElement | null) => {
      root.current = element;
      setFullscreenRef(element);
    },
    [setFullscreenRef],
  );

  const begin = useCallback(() => {
    const image = engine?.image;
    const found =
      manifest.windows.length > 0 || !image
        ? manifest.windows
        : signalPresets(image.voxels, image.slope, image.intercept);
    setPresets(found);
    if (before) engine?.lookAt(before.outlook());
    else if (found[0]) dispatch({ do: "window", window: found[0] });
    onReady?.();
  }, [engine, manifest, onReady, before]);
  const progress = useStudyImages(engine, manifest, first, begin, jump?.target);

  const comparing = useComparing({
    study: manifest.study_id,
    compared,
    engine,
    isComplete: progress.stage === "done",
    layout: state.layout,
    begin: useCallback((keys) => {
      dispatch({ do: "only", keys });
      // It was asked for elsewhere on the page; now the keys are the images'.
      canvas.current?.focus({ preventScroll: true });
    }, []),
  });
  const differences = comparing?.isMarked ?? false;

  useEffect(() => {
    const { window } = state;
    const distanceText = (mm: number) => `${format.number(mm, 1)} mm`;
    if (engine && window) engine.show({ ...state, window, differences, distanceText });
  }, [engine, state, differences, format]);

  useEffect(() => {
    if (!engine) return;
    // Whoever has compared finds the structures they had chosen before.
    const kept = compared ? { ...state, shown: shownAtFirst } : state;
    keeper.keep({ state: kept, outlook: () => engine.outlook(), jump });
  }, [engine, state, jump, keeper, compared, shownAtFirst]);

  useEffect(() => {
    if (!jump || !engine || !progress.isVisible || jump === before?.jump) return;
    const keys = jump.target.shown.map(({ map, label }) => keyOf(map, label));
    dispatch({ do: "jump", target: jump.target });
    engine.moveToMm(jump.target.position_ras_mm);
    engine.flash(keys);
  }, [engine, jump, progress.isVisible, before]);

  const goTo = useCallback(
    (key: StructureKey) => {
      const [name, label] = key.split("/");
      const structure = maps
        .find((map) => map.name === name)
        ?.structures.find((one) => one.label === Number(label));
      if (!structure || !engine) return;
      dispatch({ do: "show", keys: [key], on: true });
      engine.moveToMm(structure.position_ras_mm);
      engine.flash([key]);
    },
    [engine, maps],
  );

  const reset = useCallback(() => {
    engine?.reset();
    const [first] = presets;
    const to = beginning(maps);
    dispatch({ do: "reset", to: { ...to, window: first ?? state.window } });
  }, [engine, maps, presets, state.window]);

  const picture = usePicture(manifest, engine, state, comparing);
  const { toggle } = fullscreen;
  const run = useCallback(
    (command: Command) => {
      const axis = AXES[state.layout];
      switch (command.do) {
        case "layout":
        case "tool": {
          dispatch(command);
          return;
        }
        case "preset": {
          const preset = presets[command.index];
          if (preset) dispatch({ do: "window", window: preset });
          return;
        }
        case "scroll":
          if (axis !== undefined) engine?.scroll(axis, command.by);
          return;
        case "zoom":
          if (state.layout === "render") engine?.zoomRender(command.by);
          else engine?.zoom(command.by);
          return;
        case "masks": {
          dispatch({ do: "masks", off: !state.masksOff });
          return;
        }
        case "outline": {
          dispatch({ do: "outline", outline: !state.outline });
          return;
        }
        case "reset": {
          reset();
          return;
        }
        case "clear":
          return engine?.clearMeasurements();
        case "fullscreen":
          return void toggle();
        case "compare":
          return comparing?.run(command.what);
        case "search":
          setPanel(true);
          // The panel may only now be drawn.
          requestAnimationFrame(() => search.current?.focus());
      }
    },
    [engine, presets, reset, state, toggle, comparing],
  );
  useKeys(root, run, compared !== null);

  const isWide = useMediaQuery(ROOM, hasRoom(), { getInitialValueInEffect: false });
  const editing = useEditing({
    manifest,
    engine,
    isComplete: progress.stage === "done",
    isNarrow: !isWide,
    isComparing: compared !== null,
    show: useCallback((key) => dispatch({ do: "show", keys: [key], on: true }), []),
    onEditing: props.onEditing,
    onRenew: props.onRenew,
    keeper,
  });
  const { session, hand, settings, set } = editing;
  const [isSaveOpen, setSaveOpen] = useState(false);
  const take = useCallback(() => dispatch({ do: "tool", tool: "crosshair" }), []);
  const onSave = useCallback(() => {
    if (session?.canSave) setSaveOpen(true);
  }, [session]);
  const { layout } = state;
  useEditKeys({ root, engine, session, hand, settings, layout, set, take, onSave });
  const menu = useStructureMenu(root, canvas, engine, maps);
  const { begin: beginEditing } = editing;
  const edit = useCallback(
    (key: StructureKey) => {
      const [map = "", label] = key.split("/");
      beginEditing({ map, label: Number(label) });
      take();
    },
    [beginEditing, take],
  );
  const canEdit = editing.isAllowed && editing.refusal === null;

  const range = manifest.windows.length > 0 ? CT_RANGE : (presets.at(-1)?.width ?? 1);
  const problem = error ?? progress.error;
  if (isLost) return lost;
  return (
    <MantineThemeProvider theme={INSIDE}>
      <div ref={setRoot} className={classes.viewer} role="group" aria-label={t("title")}>
        <Toolbar
          state={state}
          presets={presets}
          isFullscreen={fullscreen.fullscreen}
          hasPanel={hasPanel}
          engine={engine}
          dispatch={dispatch}
          run={run}
          onPicture={picture}
          onPanel={() => setPanel(!hasPanel)}
          edit={<EditButton editing={editing} />}
        />
        {session && (
          <EditBar
            editing={editing}
            session={session}
            manifest={manifest}
            hasHand={state.tool === "crosshair"}
            take={take}
            isSaveOpen={isSaveOpen}
            onSaveOpen={setSaveOpen}
            comparesAfter={props.waitsForEdits}
          />
        )}
        {comparing && (
          <CompareBar
            comparing={comparing}
            engine={engine}
            manifest={manifest}
            layout={state.layout}
            onClose={props.onCompared}
            actions={props.ofCompared}
          />
        )}
        <div className={classes.body}>
          <div className={classes.stage}>
            <Canvas
              canvas={canvas}
              engine={engine}
              state={state}
              range={range}
              shape={volume.shape}
              dispatch={dispatch}
              hand={hand}
              onMenu={menu.openAt}
            >
              {engine && session && hand && state.tool === "crosshair" && (
                <EditOverlay {...{ canvas, engine, session, settings, layout }} />
              )}
            </Canvas>
            <DraftOffer editing={editing} />
            {problem !== null && (
              <div className={classes.problem}>
                <ErrorPanel
                  error={problem instanceof TooLarge ? new Error(t("error.tooLarge")) : problem}
                  retry={onRetry}
                />
              </div>
            )}
            <LoadingBar progress={progress} />
          </div>
          {hasPanel && (
            <StructurePanel
              manifest={manifest}
              state={state}
              searchRef={search}
              dispatch={dispatch}
              goTo={goTo}
              openMenu={menu.openFor}
            />
          )}
        </div>
        <StructureMenu
          asked={menu.asked}
          onClose={menu.close}
          onEdit={canEdit ? edit : null}
          onOnly={(key) => dispatch({ do: "only", keys: [key] })}
          more={props.moreOfStructure}
        />
        {engine && (
          <Footer
            manifest={manifest}
            volume={volume}
            engine={engine}
            layout={state.layout}
            isFull={progress.isFull}
          />
        )}
      </div>
    </MantineThemeProvider>
  );
}
