import { ActionIcon, Checkbox } from "@mantine/core";
import { IconEye } from "@tabler/icons-react";
import { FlexRender, type Row } from "@tanstack/react-table";
import { memo, type MouseEvent } from "react";
import { useTranslation } from "react-i18next";

import { readableName } from "@/components/personName";

import { isAlarming } from "./chips";
import type { features } from "./columns";
import type { RowActions } from "./rowActions";
import type { Study } from "./useWorklist";
import classes from "./WorklistTable.module.css";

interface Props {
  row: Row<typeof features, Study>;
  /** Names of the visible columns. */
  columns: string;
  selected: boolean;
  current: boolean;
  /** Reached by Tab. */
  tabStop: boolean;
  actions: RowActions;
}

/** A study. It is drawn anew only when something of it has changed. */
export const WorklistRow = memo(
  function WorklistRow({ row, selected, current, tabStop, actions }: Props) {
    const { t } = useTranslation("worklist");
    const study = row.original;
    const name = readableName(study.patient_name) || t("row.noName");

    const click = (event: MouseEvent) => {
      const target = event.target as HTMLElement;
      if (target.closest("a, button, input, label") || window.getSelection()?.toString()) return;
      actions.open(study, event.ctrlKey || event.metaKey);
    };

    return (
      <tr
        data-study={study.id}
        data-selected={selected || undefined}
        data-alarming={isAlarming(study.findings) || undefined}
        aria-current={current || undefined}
        tabIndex={tabStop ? 0 : -1}
        className={classes.row}
        onClick={click}
        onFocus={() => actions.moveTo(study.id)}
      >
        {row.getVisibleCells().map((cell) => {
          if (cell.column.id === "select")
            return (
              <td key={cell.id}>
                <Checkbox
                  size="xs"
                  tabIndex={-1}
                  checked={selected}
                  onChange={(event) => row.toggleSelected(event.currentTarget.checked)}
                  aria-label={t("table.selectOne", { name })}
                />
              </td>
            );
          if (cell.column.id === "look")
            return (
              <td key={cell.id}>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="sm"
                  tabIndex={-1}
                  className={classes.eye}
                  onClick={() => actions.look(study.id)}
                  aria-label={t("table.lookAt", { name })}
                >
                  <IconEye size={16} />
                </ActionIcon>
              </td>
            );
          return cell.column.id === "name" ? (
            <th key={cell.id} scope="row">
              <FlexRender cell={cell} />
            </th>
          ) : (
            <td key={cell.id}>
              <FlexRender cell={cell} />
            </td>
          );
        })}
      </tr>
    );
  },
  (before, now) =>
    before.row.original === now.row.original &&
    before.columns === now.columns &&
    before.selected === now.selected &&
    before.current === now.current &&
    before.tabStop === now.tabStop &&
    before.actions === now.actions,
);
