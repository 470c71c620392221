import { ActionIcon, Button, Group, Loader, Menu } from "@mantine/core";
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconBoxMargin,
  IconBrush,
  IconCircle,
  IconColorPicker,
  IconEraser,
  IconPuzzle,
  IconScissors,
  IconSphere,
  IconWand,
} from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { ViewerManifest } from "../manifest";
import { Tool } from "../ToolButton";
import classes from "./editing.module.css";
import { EDIT_KEYS } from "./editKeys";
import { EditStatus } from "./EditStatus";
import { PaintOptions } from "./PaintOptions";
import { LeaveButton, SaveButton } from "./SaveButton";
import type { EditSession } from "./session";
import { EDIT_TOOLS, type EditTool } from "./settings";
import { SizeControl } from "./SizeControl";
import { StructureChoice } from "./StructureChoice";
import type { Editing } from "./useEditing";

interface Props {
  editing: Editing;
  session: EditSession;
  manifest: ViewerManifest;
  /** The left button is the edit tool's, not the viewer's. */
  hasHand: boolean;
  take: () => void;
  isSaveOpen: boolean;
  onSaveOpen: (isOpen: boolean) => void;
  /** Two sides are to be compared when editing has ended. */
  comparesAfter: boolean;
}

const ICONS: Record<EditTool, typeof IconBrush> = {
  brush: IconBrush,
  eraser: IconEraser,
  pick: IconColorPicker,
  piece: IconPuzzle,
  cut: IconScissors,
  box: IconBoxMargin,
};

/** Everything one edits with. */
export function EditBar(props: Props) {
  const { editing, session, manifest, hasHand, take } = props;
  const { settings, set, saving } = editing;
  const { t } = useTranslation("viewer");
  const view = useSyncExternalStore(session.subscribe, session.view);
  const isDrawing = settings.tool === "brush" || settings.tool === "eraser";
  const isBusy = view.working !== null || saving.isBusy;
  return (
    <div className={classes.bar} role="toolbar" aria-label={t("edit.title")}>
      <div className={classes.tools}>
        <StructureChoice session={session} manifest={manifest} begin={editing.begin} />
        <ActionIcon.Group role="group" aria-label={t("edit.tool.label")}>
          {EDIT_TOOLS.map((tool) => (
            <Tool
              key={tool}
              icon={ICONS[tool]}
              label={t(`edit.tool.${tool}`)}
              hotkey={EDIT_KEYS[tool]}
              pressed={hasHand && settings.tool === tool}
              onClick={() => {
                set({ tool });
                take();
              }}
            />
          ))}
        </ActionIcon.Group>
        {isDrawing && (
          <>
            <Tool
              icon={settings.isBall ? IconSphere : IconCircle}
              label={t(settings.isBall ? "edit.ball" : "edit.disc")}
              hotkey="j"
              pressed={settings.isBall}
              onClick={() => set({ isBall: !settings.isBall })}
            />
            <SizeControl settings={settings} set={set} />
          </>
        )}
        <PaintOptions settings={settings} set={set} session={session} manifest={manifest} />
        <WholeStructure session={session} isBusy={isBusy} />
        <ActionIcon.Group>
          <Tool
            icon={IconArrowBackUp}
            label={t("edit.undo")}
            hotkey="Ctrl+Z"
            disabled={!view.canUndo || isBusy}
            onClick={() => session.undo()}
          />
          <Tool
            icon={IconArrowForwardUp}
            label={t("edit.redo")}
            hotkey="Ctrl+Shift+Z"
            disabled={!view.canRedo || isBusy}
            onClick={() => session.redo()}
          />
        </ActionIcon.Group>
        <Group gap={6} className={classes.end} wrap="nowrap">
          {isBusy && <Loader size={16} />}
          <SaveButton
            editing={editing}
            canSave={session.canSave}
            isOpen={props.isSaveOpen}
            onOpen={props.onSaveOpen}
          />
          <LeaveButton editing={editing} hasEdits={view.tallies.size > 0} />
        </Group>
      </div>
      <EditStatus
        editing={editing}
        view={view}
        manifest={manifest}
        comparesAfter={props.comparesAfter}
      />
    </div>
  );
}

/** What is done to all of a structure at once. */
function WholeStructure({ session, isBusy }: { session: EditSession; isBusy: boolean }) {
  const { t } = useTranslation("viewer");
  const { target, painted } = useSyncExternalStore(session.subscribe, session.view);
  const slices = painted?.slices.length ?? 0;
  return (
    <Menu position="bottom-start" withinPortal={false} returnFocus>
      <Menu.Target>
        <Button
          size="compact-sm"
          h={28}
          variant="default"
          leftSection={<IconWand size={16} />}
          disabled={!target || isBusy}
        >
          {t("edit.whole.label")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item disabled={slices < 2} onClick={() => void session.fill()}>
          {t("edit.whole.fill", { count: slices })}
        </Menu.Item>
        <Menu.Item onClick={() => void session.grow()}>{t("edit.whole.grow")}</Menu.Item>
        <Menu.Item onClick={() => void session.shrink()}>{t("edit.whole.shrink")}</Menu.Item>
        <Menu.Item onClick={() => void session.smooth()}>{t("edit.whole.smooth")}</Menu.Item>
        <Menu.Item onClick={() => void session.mirror()}>{t("edit.whole.mirror")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
