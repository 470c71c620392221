import { VisuallyHidden } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import type { RowSelectionState } from "@tanstack/react-table";
import { Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useNavigate } from "react-router";

import { rememberWorklist } from "@/app/lastWorklist";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Later } from "@/components/Later";
import { readableName } from "@/components/personName";

import { ActiveFilters } from "./ActiveFilters";
import { Cards } from "./Cards";
import type { Doing } from "./commands";
import { EmptyList } from "./EmptyList";
import {
  BulkBar,
  DeleteDialog,
  QuickLook,
  RefusedDialog,
  UploadDialog,
  UploadPanel,
} from "./later";
import { Pager } from "./Pager";
import type { RowActions } from "./rowActions";
import { elsewhere, foundBy } from "./selection";
import { Tools } from "./Tools";
import { DropTarget } from "./upload/DropTarget";
import { useUploads } from "./upload/uploads";
import { useColumnChoice } from "./useColumnChoice";
import { useCommands } from "./useCommands";
import { useCursor } from "./useCursor";
import { useView } from "./useView";
import { useCounts, useRefresh, useWorklist } from "./useWorklist";
import { useWorklistKeys } from "./useWorklistKeys";
import { activeFilters, NO_FILTERS } from "./view";
import classes from "./WorklistPage.module.css";
import { WorklistTable } from "./WorklistTable";

/** Every study ever received, and what became of it. */
export function WorklistPage() {
  const { t } = useTranslation("worklist");
  const navigate = useNavigate();
  const { pathname, search } = useLocation();
  const { view, setView, setFilters } = useView();
  const list = useWorklist(view);
  const counts = useCounts();
  const refresh = useRefresh();
  const columns = useColumnChoice();
  const commands = useCommands();
  const cards = useMediaQuery("(max-width: 40em)", false, { getInitialValueInEffect: false });
  const [selection, setSelection] = useState<RowSelectionState>({});
  const by = foundBy(view);
  const [found, setFound] = useState(by);
  if (found !== by) {
    setFound(by);
    setSelection({});
  }
  const [looked, setLooked] = useState<number | null>(null);
  const [deleting, setDeleting] = useState<number[]>([]);
  const [uploading, upload] = useDisclosure();
  const hasUploads = useUploads().length > 0;
  const box = useRef<HTMLDivElement>(null);
  const searchField = useRef<HTMLInputElement>(null);

  const studies = list.data?.studies;
  const stale = list.isPlaceholderData;
  useEffect(() => {
    if (studies)
      rememberWorklist(
        studies.map(({ id }) => id),
        pathname + search,
      );
  }, [studies, pathname, search]);
  const { cursor, moveTo, move } = useCursor(studies, box);
  const selected = Object.keys(selection).map(Number);
  const actions = useMemo<RowActions>(
    () => ({
      open: ({ id }, inNewTab) => {
        if (inNewTab) window.open(`/studies/${id}`, "_blank", "noopener");
        else void navigate(`/studies/${id}`);
      },
      look: setLooked,
      moveTo,
    }),
    [navigate, moveTo],
  );

  const run = async (doing: Doing, which: number[]) => {
    if (doing.action === "delete") setDeleting(which);
    else if (await commands.run(doing, which)) setSelection({});
  };
  const remove = async () => {
    setDeleting([]);
    setLooked(null);
    if (await commands.run({ action: "delete" }, deleting)) setSelection({});
  };
  useWorklistKeys({
    // Nobody means a row that is about to go.
    study: stale ? undefined : studies?.find(({ id }) => id === (looked ?? cursor)),
    looked,
    setLooked,
    move,
    setSelection,
    actions,
    run: (doing, id) => void commands.run(doing, [id]),
    refresh,
    searchField,
  });

  const nameOfStudy = (id: number) => {
    const row = studies?.find((study) => study.id === id);
    const name = row ? readableName(row.patient_name) : "";
    return name === "" ? t("actions.study", { id }) : name;
  };
  const why = () => {
    if (activeFilters(view).length > 0) return "noHit" as const;
    return view.page > 1 ? ("pastEnd" as const) : ("none" as const);
  };

  const pager = (
    <Pager
      view={view}
      total={list.data?.total}
      atLeast={list.data?.at_least ?? false}
      onView={setView}
      onRefresh={refresh}
      isRefreshing={list.isFetching}
    />
  );

  return (
    <div className={classes.page} data-cards={cards || undefined}>
      <title>{`${t("title")} · Heimdallr`}</title>
      <VisuallyHidden component="h1">{t("title")}</VisuallyHidden>
      <Tools
        view={view}
        setFilters={setFilters}
        counts={counts.data}
        columns={columns}
        searchField={searchField}
        cards={cards}
        isFound={studies !== undefined && !stale}
        onUpload={upload.open}
        onLeaveSearch={() => move(0, true)}
      />
      <ActiveFilters filters={view} onChange={setFilters} />
      {list.error && <ErrorPanel error={list.error} retry={() => void list.refetch()} />}
      {studies?.length === 0 && !stale ? (
        <EmptyList
          why={list.data?.total ? "pastEnd" : why()}
          onUpload={upload.open}
          onClear={() => setFilters(NO_FILTERS)}
          onFirstPage={() => setView({ page: 1 })}
        />
      ) : cards ? (
        <Cards studies={studies} stale={stale} onLook={setLooked} />
      ) : (
        <WorklistTable
          studies={studies}
          stale={stale}
          view={view}
          onSort={(sort, order) => setView({ sort, order, page: 1 })}
          visible={columns.visible}
          selection={selection}
          onSelection={setSelection}
          cursor={cursor}
          actions={actions}
          box={box}
        />
      )}
      <Suspense fallback={pager}>
        {selected.length > 0 ? (
          <BulkBar
            count={selected.length}
            busy={commands.busy}
            onDo={(doing) => void run(doing, selected)}
            onClear={() => setSelection({})}
          />
        ) : (
          pager
        )}
      </Suspense>
      <Later when={looked !== null}>
        <QuickLook
          studyId={looked}
          row={studies?.find(({ id }) => id === looked)}
          onClose={() => setLooked(null)}
          onDo={(doing, id) => void commands.run(doing, [id])}
        />
      </Later>
      <Later when={deleting.length > 0}>
        <DeleteDialog
          count={deleting.length}
          elsewhere={elsewhere(deleting, studies ?? [])}
          onDelete={() => void remove()}
          onClose={() => setDeleting([])}
        />
      </Later>
      <Later when={commands.refused !== null}>
        <RefusedDialog
          refused={commands.refused}
          nameOfStudy={nameOfStudy}
          onClose={commands.forget}
        />
      </Later>
      <Later when={uploading}>
        <UploadDialog opened={uploading} onClose={upload.close} />
      </Later>
      <Later when={hasUploads}>
        <UploadPanel />
      </Later>
      <DropTarget />
    </div>
  );
}
