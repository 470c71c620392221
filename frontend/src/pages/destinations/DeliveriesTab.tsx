import { Group, NativeSelect, SegmentedControl, Text } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { api, BACKGROUND } from "@/api/client";
import { ErrorPanel } from "@/components/ErrorPanel";
import { useOlder } from "@/components/older";
import { OlderPager } from "@/components/OlderPager";
import { Waiting } from "@/components/Waiting";
import { FAILED, OPEN } from "@/delivery/deliveries";
import { DeliveryTable } from "@/delivery/DeliveryTable";
import { useDeliverySummary } from "@/delivery/useDeliverySummary";

const SHOWN = { failed: FAILED, open: OPEN, all: [] } as const;
type Shown = keyof typeof SHOWN;
const NAMES = Object.keys(SHOWN) as Shown[];
const PAGE = 50;
const EVERY_MS = 10_000;

/** What did not arrive, what waits, everything; of one destination or all. In the address. */
export function DeliveriesTab() {
  const { t } = useTranslation("destinations");
  const [params, setParams] = useSearchParams();
  const pages = useOlder();
  const { data: summary } = useDeliverySummary();
  const shown = NAMES.find((name) => name === params.get("show")) ?? "failed";
  const to = params.get("to") ?? "";
  const { data, error, refetch } = api.useQuery(
    "get",
    "/api/v1/deliveries",
    {
      ...BACKGROUND,
      params: {
        query: {
          state: [...SHOWN[shown]],
          destination: to || undefined,
          before: pages.before,
          limit: PAGE,
        },
      },
    },
    { placeholderData: keepPreviousData, refetchInterval: pages.newest && EVERY_MS },
  );
  const choose = (changed: { show?: string; to?: string }) => {
    pages.reset();
    setParams({ tab: "deliveries", show: shown, to, ...changed }, { replace: true });
  };
  const names = summary?.destinations.map(({ name }) => name) ?? [];
  return (
    <>
      <Group mb="sm" align="flex-end">
        <SegmentedControl
          size="xs"
          aria-label={t("deliveries.which")}
          value={shown}
          onChange={(show) => choose({ show })}
          data={NAMES.map((value) => ({ value, label: t(`deliveries.${value}`) }))}
        />
        <NativeSelect
          size="xs"
          label={t("deliveries.destination")}
          value={to}
          onChange={(event) => choose({ to: event.currentTarget.value })}
          data={[
            { value: "", label: t("deliveries.any") },
            ...[...new Set([...names, ...(to ? [to] : [])])].map((value) => ({
              value,
              label: value,
            })),
          ]}
        />
      </Group>
      {error && <ErrorPanel error={error} retry={() => void refetch()} />}
      {data && (
        <>
          {data.deliveries.length === 0 ? (
            <Text size="sm">{t("deliveries.none")}</Text>
          ) : (
            <DeliveryTable label={t("tabs.deliveries")} deliveries={data.deliveries} withStudy />
          )}
          <OlderPager pages={pages} next={data.next} />
        </>
      )}
      {!data && !error && <Waiting />}
    </>
  );
}
