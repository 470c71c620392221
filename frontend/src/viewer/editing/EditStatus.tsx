import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { actorName } from "@/components/actorName";
import { useFormat } from "@/i18n/format";

import type { ViewerManifest } from "../manifest";
import { useStructureNames } from "../useStructureNames";
import classes from "./editing.module.css";
import type { EditView } from "./session";
import type { Settings } from "./settings";
import type { Editing } from "./useEditing";

interface Props {
  editing: Editing;
  view: EditView;
  manifest: ViewerManifest;
  comparesAfter: boolean;
}

/** What the hand does now, what has been changed, and who else is at it. */
export function EditStatus({ editing, view, manifest, comparesAfter }: Props) {
  const { t } = useTranslation("viewer");
  const { others, leftOut, draft } = editing;
  const hint = useHint(view, editing.settings);
  const changes = useChanges(view, manifest);
  return (
    <div className={classes.status} data-kept={draft.isKept}>
      <Text size="xs" role="status" c={view.problem ? "orange" : "dimmed"} data-testid="edit-hint">
        {hint}
      </Text>
      {leftOut > 0 && (
        <Text size="xs" c="orange" role="status">
          {t("edit.draft.leftOut", { count: leftOut })}
        </Text>
      )}
      {draft.isUnkept && (
        <Text size="xs" c="orange" role="status">
          {t("edit.draft.unkept")}
        </Text>
      )}
      {others.length > 0 && (
        <Text size="xs" c="orange" role="status">
          {t("edit.others", { names: others.map(({ by }) => actorName(by)).join(", ") })}
        </Text>
      )}
      {comparesAfter && (
        <Text size="xs" c="orange" role="status">
          {t("compare.editing")}
        </Text>
      )}
      <Text size="xs" className={classes.changes} data-testid="edit-changes">
        {changes}
      </Text>
    </div>
  );
}

function useHint({ target, working, problem, points }: EditView, { tool }: Settings): string {
  const { t } = useTranslation("viewer");
  if (working) return t(`edit.working.${working}`);
  if (problem) return t(`edit.problem.${problem}`);
  if (!target && tool !== "pick") return t("edit.problem.noTarget");
  const places = points.places.length;
  if (tool === "cut")
    return t(["edit.hint.cut", "edit.hint.cutTo", "edit.hint.cutSide"][places] ?? "");
  if (tool === "box") return t(places === 0 ? "edit.hint.box" : "edit.hint.boxTo");
  return t(`edit.hint.${tool}`);
}

/** `Liver +3.2 −0.4 cm³`, the largest changes first. */
function useChanges({ tallies }: EditView, manifest: ViewerManifest): string {
  const { t } = useTranslation("viewer");
  const nameOf = useStructureNames(manifest);
  const format = useFormat();
  if (tallies.size === 0) return t("edit.unchanged");
  const [x, y, z] = manifest.volume?.spacing_mm ?? [0, 0, 0];
  const cm3 = (voxels: number) => format.number((voxels * x * y * z) / 1000, 1);
  return [...tallies]
    .sort(([, one], [, other]) => other.added + other.removed - one.added - one.removed)
    .slice(0, SHOWN)
    .map(([key, { added, removed }]) => {
      const parts = [added && `+${cm3(added)}`, removed && `−${cm3(removed)}`].filter(Boolean);
      return `${nameOf(key)} ${parts.join(" ")} cm³`;
    })
    .join(" · ");
}

const SHOWN = 3;
