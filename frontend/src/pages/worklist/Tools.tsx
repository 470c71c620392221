import { Button, Group } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import type { RefObject } from "react";
import { useTranslation } from "react-i18next";

import { useMay } from "@/app/session";

import { ColumnsMenu } from "./ColumnsMenu";
import { FilterMenu } from "./FilterMenu";
import { Presets } from "./Presets";
import { SearchField } from "./SearchField";
import type { useColumnChoice } from "./useColumnChoice";
import type { useCounts } from "./useWorklist";
import type { ViewControl } from "./useView";
import classes from "./WorklistPage.module.css";

interface Props extends Pick<ViewControl, "view" | "setFilters"> {
  counts: ReturnType<typeof useCounts>["data"];
  columns: ReturnType<typeof useColumnChoice>;
  searchField: RefObject<HTMLInputElement | null>;
  cards: boolean;
  isFound: boolean;
  onUpload: () => void;
  onLeaveSearch: () => void;
}

/** Search, views, filters, and what else one needs above the list. */
export function Tools({ view, setFilters, counts, columns, searchField, ...rest }: Props) {
  const { t } = useTranslation("worklist");
  const mayUpload = useMay("upload");
  return (
    <div className={classes.tools}>
      <SearchField
        search={view.search}
        onSearch={(search) => setFilters({ search }, { replace: true })}
        field={searchField}
        isFound={rest.isFound}
        onLeave={rest.onLeaveSearch}
      />
      <Presets filters={view} counts={counts} onChange={setFilters} />
      <FilterMenu filters={view} onChange={setFilters} />
      <Group gap={8}>
        {!rest.cards && <ColumnsMenu choice={columns} />}
        {mayUpload && (
          <Button
            size="xs"
            h={30}
            variant="default"
            leftSection={<IconUpload size={15} />}
            onClick={rest.onUpload}
          >
            {t("upload.button")}
          </Button>
        )}
      </Group>
    </div>
  );
}
