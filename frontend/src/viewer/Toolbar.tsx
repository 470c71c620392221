import { ActionIcon } from "@mantine/core";
import {
  IconArrowsMove,
  IconCamera,
  IconContrast,
  IconCrosshair,
  IconCube,
  IconEraser,
  IconEye,
  IconEyeOff,
  IconLayoutGrid,
  IconLayoutSidebarRight,
  IconMaximize,
  IconMinimize,
  IconRefresh,
  IconRuler2,
  IconSquareLetterA,
  IconSquareLetterC,
  IconSquareLetterS,
} from "@tabler/icons-react";
import { type Dispatch, type ReactNode, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { Engine } from "./engine";
import { type Command, LAYOUT_KEYS, TOOL_KEYS } from "./keys";
import { type Action, LAYOUTS, TOOLS, type ViewerState } from "./state";
import { Tool } from "./ToolButton";
import classes from "./Viewer.module.css";
import { WindowControl } from "./WindowControl";
import type { Preset } from "./windows";

interface Props {
  state: ViewerState;
  presets: readonly Preset[];
  engine: Engine | null;
  isFullscreen: boolean;
  hasPanel: boolean;
  dispatch: Dispatch<Action>;
  run: (command: Command) => void;
  onPicture: () => Promise<void>;
  onPanel: () => void;
  /** What begins editing. */
  edit: ReactNode;
}

const LAYOUT_ICONS = {
  axial: IconSquareLetterA,
  coronal: IconSquareLetterC,
  sagittal: IconSquareLetterS,
  render: IconCube,
  grid: IconLayoutGrid,
} as const;
const TOOL_ICONS = {
  crosshair: IconCrosshair,
  window: IconContrast,
  pan: IconArrowsMove,
  measure: IconRuler2,
} as const;

export function Toolbar(props: Props) {
  const { state, presets, engine, isFullscreen, hasPanel, dispatch, run } = props;
  const { t } = useTranslation("viewer");
  const command = (one: Command) => () => run(one);
  return (
    <div className={classes.toolbar} role="toolbar" aria-label={t("title")}>
      <ActionIcon.Group role="group" aria-label={t("layout.label")}>
        {LAYOUTS.map((layout) => (
          <Tool
            key={layout}
            icon={LAYOUT_ICONS[layout]}
            label={t(`layout.${layout}`)}
            hotkey={LAYOUT_KEYS[layout]}
            pressed={state.layout === layout}
            onClick={command({ do: "layout", layout })}
          />
        ))}
      </ActionIcon.Group>
      <ActionIcon.Group role="group" aria-label={t("tool.label")}>
        {TOOLS.map((tool) => (
          <Tool
            key={tool}
            icon={TOOL_ICONS[tool]}
            label={t(`tool.${tool}`)}
            hotkey={TOOL_KEYS[tool]}
            pressed={state.tool === tool}
            onClick={command({ do: "tool", tool })}
          />
        ))}
      </ActionIcon.Group>
      {state.window && (
        <WindowControl window={state.window} presets={presets} dispatch={dispatch} />
      )}
      <ActionIcon.Group>
        <Tool
          icon={state.masksOff ? IconEyeOff : IconEye}
          label={t(state.masksOff ? "masks.show" : "masks.hide")}
          hotkey="m"
          pressed={!state.masksOff}
          onClick={command({ do: "masks" })}
        />
        <Tool
          icon={IconRefresh}
          label={t("action.reset")}
          hotkey="r"
          onClick={command({ do: "reset" })}
        />
        {engine && <Clear engine={engine} onClick={command({ do: "clear" })} />}
      </ActionIcon.Group>
      <div className={classes.end}>{props.edit}</div>
      <ActionIcon.Group>
        <Tool
          icon={IconCamera}
          label={t("action.picture")}
          onClick={() => void props.onPicture()}
        />
        <Tool
          icon={isFullscreen ? IconMinimize : IconMaximize}
          label={t(isFullscreen ? "action.leaveFullscreen" : "action.fullscreen")}
          hotkey="f"
          onClick={command({ do: "fullscreen" })}
        />
        <Tool
          icon={IconLayoutSidebarRight}
          label={t(hasPanel ? "action.closePanel" : "action.openPanel")}
          pressed={hasPanel}
          onClick={props.onPanel}
        />
      </ActionIcon.Group>
    </div>
  );
}

/** There only while there is something to remove. */
function Clear({ engine, onClick }: { engine: Engine; onClick: () => void }) {
  const { t } = useTranslation("viewer");
  const { measurements } = useSyncExternalStore(engine.subscribe, engine.view);
  if (measurements === 0) return null;
  return <Tool icon={IconEraser} label={t("action.clear")} hotkey="⌫" onClick={onClick} />;
}
