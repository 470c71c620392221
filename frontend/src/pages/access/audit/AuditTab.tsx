import { Text } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { api } from "@/api/client";
import { ErrorPanel } from "@/components/ErrorPanel";
import { useOlder } from "@/components/older";
import { OlderPager } from "@/components/OlderPager";
import { Waiting } from "@/components/Waiting";

import { AuditFilters } from "./AuditFilters";
import { AuditTable } from "./AuditTable";
import { filtersOf, queryOf, withFilters } from "./filters";

const PAGE = 50;

/** Who saw, downloaded, changed or deleted what. It is asked for when somebody wants it: reading
 * it is an entry of its own. */
export function AuditTab() {
  const { t } = useTranslation("access");
  const [params, setParams] = useSearchParams();
  const pages = useOlder();
  const filters = filtersOf(params);
  const { data, error, refetch } = api.useQuery(
    "get",
    "/api/v1/audit",
    { params: { query: { ...queryOf(filters), before: pages.before, limit: PAGE } } },
    { placeholderData: keepPreviousData, refetchOnWindowFocus: false },
  );
  return (
    <>
      <Text size="sm" c="dimmed" mb="sm">
        {t("audit.text")}
      </Text>
      <AuditFilters
        key={params.toString()}
        filters={filters}
        onShow={(wanted) => {
          pages.reset();
          const changed = withFilters(params, wanted);
          if (changed.toString() === params.toString()) void refetch();
          else setParams(changed);
        }}
      />
      {error && <ErrorPanel error={error} retry={() => void refetch()} />}
      {data && (
        <>
          <AuditTable entries={data.entries} />
          <OlderPager pages={pages} next={data.next} />
        </>
      )}
      {!data && !error && <Waiting />}
    </>
  );
}
