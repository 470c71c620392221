import { ActionIcon, Group, NativeSelect, Pagination, Text, Tooltip } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";

import { SIZES, type View } from "./view";

interface Props {
  view: View;
  total: number | undefined;
  /** There may be more than `total`; the rest was not counted. */
  atLeast: boolean;
  onView: (view: Partial<View>) => void;
  onRefresh: () => void;
  isRefreshing: boolean;
}

export function Pager({ view, total, atLeast, onView, onRefresh, isRefreshing }: Props) {
  const { t } = useTranslation("worklist");
  const format = useFormat();
  const first = (view.page - 1) * view.size + 1;
  const pages = Math.ceil((total ?? 0) / view.size);
  const range = () => {
    if (total == null) return " ";
    if (total === 0) return t("paging.none");
    return t(atLeast ? "paging.rangeAtLeast" : "paging.range", {
      from: format.number(Math.min(first, total)),
      to: format.number(Math.min(first + view.size - 1, total)),
      total: format.number(total),
    });
  };
  return (
    <Group justify="space-between" px="md" py={6} gap="xs" mih={44}>
      <Group gap={6}>
        <Text size="sm" className="tabular" role="status">
          {range()}
        </Text>
        <Tooltip label={t("paging.refresh")}>
          <ActionIcon
            variant="subtle"
            color="gray"
            onClick={onRefresh}
            loading={isRefreshing}
            loaderProps={{ size: 14 }}
            aria-label={t("paging.refresh")}
          >
            <IconRefresh size={16} />
          </ActionIcon>
        </Tooltip>
      </Group>
      {pages > 1 && (
        <Pagination
          size="sm"
          total={pages}
          value={view.page}
          onChange={(page) => onView({ page })}
          siblings={1}
          aria-label={t("paging.label")}
          getControlProps={(control) => ({ "aria-label": t(`paging.${control}`) })}
        />
      )}
      <NativeSelect
        size="xs"
        value={String(view.size)}
        onChange={(event) => onView({ size: Number(event.currentTarget.value), page: 1 })}
        data={SIZES.map(String)}
        aria-label={t("paging.size")}
        visibleFrom="sm"
      />
    </Group>
  );
}
