import { Checkbox, Skeleton, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import {
  type Header,
  type OnChangeFn,
  type RowSelectionState,
  type SortingState,
  useTable,
} from "@tanstack/react-table";
import type { RefObject } from "react";
import { useTranslation } from "react-i18next";

import { type ColumnId, columns, features, WIDTHS } from "./columns";
import type { RowActions } from "./rowActions";
import type { Study } from "./useWorklist";
import type { Sort, View } from "./view";
import { WorklistRow } from "./WorklistRow";
import classes from "./WorklistTable.module.css";

interface Props {
  /** Undefined while the first page is loaded. */
  studies: Study[] | undefined;
  /** Of another view than the one that was asked for, which is on its way. */
  stale: boolean;
  view: View;
  onSort: (sort: Sort, order: View["order"]) => void;
  visible: Record<string, boolean>;
  selection: RowSelectionState;
  onSelection: OnChangeFn<RowSelectionState>;
  cursor: number | null;
  actions: RowActions;
  /** What scrolls. */
  box: RefObject<HTMLDivElement | null>;
}

const NONE: Study[] = [];
const PLACEHOLDERS = 20;

export function WorklistTable(props: Props) {
  const { studies, stale, view, onSort, visible, selection, onSelection, cursor, actions, box } =
    props;
  const { t } = useTranslation("worklist");
  const sorting: SortingState = [{ id: view.sort, desc: view.order === "descending" }];
  const table = useTable({
    features,
    columns,
    data: studies ?? NONE,
    getRowId: (study) => String(study.id),
    manualSorting: true,
    enableSortingRemoval: false,
    state: { columnVisibility: visible, rowSelection: selection, sorting },
    onRowSelectionChange: onSelection,
    onSortingChange: (update) => {
      const [next] = typeof update === "function" ? update(sorting) : update;
      if (next) onSort(next.id as Sort, next.desc ? "descending" : "ascending");
    },
  });
  const shown = table.getVisibleLeafColumns().map((column) => column.id as ColumnId);
  const rows = table.getRowModel().rows;
  const onPage = rows.filter((row) => selection[row.id]).length;
  const tabStop = rows.some((row) => row.original.id === cursor) ? cursor : rows[0]?.original.id;

  return (
    <div className={classes.scroll} ref={box}>
      <table
        className={`${classes.table} ${stale ? classes.stale : ""}`}
        style={{ minWidth: shown.reduce((sum, id) => sum + WIDTHS[id].width, 0) }}
        aria-busy={!studies || stale}
      >
        <caption>
          <VisuallyHidden>{t(studies ? "table.caption" : "table.loading")}</VisuallyHidden>
        </caption>
        <colgroup>
          {shown.map((id) => (
            <col key={id} style={WIDTHS[id].grows ? undefined : { width: WIDTHS[id].width }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {table.getLeafHeaders().map((header) =>
              header.column.id === "select" ? (
                <th key={header.id} scope="col">
                  <Checkbox
                    size="xs"
                    checked={rows.length > 0 && onPage === rows.length}
                    indeterminate={onPage > 0 && onPage < rows.length}
                    onChange={(event) => table.toggleAllRowsSelected(event.currentTarget.checked)}
                    aria-label={t("table.selectAll")}
                  />
                </th>
              ) : (
                <Heading key={header.id} header={header} />
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {studies
            ? rows.map((row) => (
                <WorklistRow
                  key={row.id}
                  row={row}
                  columns={shown.join()}
                  selected={!!selection[row.id]}
                  current={row.original.id === cursor}
                  tabStop={row.original.id === tabStop}
                  actions={actions}
                />
              ))
            : Array.from({ length: PLACEHOLDERS }, (_, index) => (
                <tr key={index} aria-hidden>
                  {shown.map((id) => (
                    <td key={id}>{id !== "select" && <Skeleton height={12} width="70%" />}</td>
                  ))}
                </tr>
              ))}
        </tbody>
      </table>
    </div>
  );
}

function Heading({ header }: { header: Header<typeof features, Study> }) {
  const { t } = useTranslation("worklist");
  const { column } = header;
  const name = t(`columns.${column.id}`);
  if (!column.getCanSort())
    return (
      <th scope="col">
        {column.id === "look" || column.id === "marks" ? (
          <VisuallyHidden>{name}</VisuallyHidden>
        ) : (
          name
        )}
      </th>
    );
  const sorted = column.getIsSorted();
  const Arrow = sorted === "asc" ? IconArrowUp : IconArrowDown;
  return (
    <th
      scope="col"
      aria-sort={sorted ? (sorted === "asc" ? "ascending" : "descending") : undefined}
    >
      <UnstyledButton className={classes.sort} onClick={column.getToggleSortingHandler()}>
        {name}
        {sorted && <Arrow size={13} aria-hidden />}
      </UnstyledButton>
    </th>
  );
}
