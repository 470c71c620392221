import { Button, Checkbox, Group, NativeSelect, Popover, SimpleGrid } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { api } from "@/api/client";
import { useTerms } from "@/terms";

import { DaysField } from "./DaysField";
import { activeFilters, type Filters, SEVERITIES, STATE_GROUPS, VERIFIED } from "./view";

interface Props {
  filters: Filters;
  onChange: (filters: Partial<Filters>) => void;
}

const MARKS = ["attention", "unread", "stat", "flagged"] as const;
const STALE_MS = 60_000;

export function useOptions() {
  return api.useQuery("get", "/api/v1/worklist/options", {}, { staleTime: STALE_MS }).data;
}

/** Everything the list can be restricted by. */
export function FilterMenu({ filters, onChange }: Props) {
  const { t } = useTranslation("worklist");
  const count = activeFilters(filters).filter((name) => name !== "search").length;
  return (
    <Popover position="bottom-start" width={380} trapFocus withRoles>
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          bd={count ? "1px solid var(--mantine-primary-color-filled)" : undefined}
          leftSection={<IconFilter size={15} />}
          h={30}
        >
          {t("filters.open")}
          {count > 0 && ` (${count})`}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Fields filters={filters} onChange={onChange} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Fields({ filters, onChange }: Props) {
  const { t } = useTranslation("worklist");
  const terms = useTerms();
  const options = useOptions();
  const select = (
    name: "state" | "severity" | "verified" | "modality" | "region" | "finding",
    choices: { value: string; label: string }[],
    nameOf = (value: string) => value,
  ) => {
    const value = filters[name];
    // What was chosen can be seen also where nothing here has it any more.
    const known = !value || choices.some((one) => one.value === value);
    return (
      <NativeSelect
        size="xs"
        label={t(`filters.${name}`)}
        value={value}
        onChange={(event) => onChange({ [name]: event.currentTarget.value })}
        data={[
          { value: "", label: t("filters.any") },
          ...choices,
          ...(known ? [] : [{ value, label: nameOf(value) }]),
        ]}
      />
    );
  };
  return (
    <SimpleGrid cols={2} spacing="sm" verticalSpacing="xs">
      {select(
        "state",
        Object.keys(STATE_GROUPS).map((value) => ({ value, label: t(`filters.states.${value}`) })),
      )}
      {select(
        "severity",
        SEVERITIES.map((value) => ({ value, label: t(`filters.severities.${value}`) })),
      )}
      {select("modality", options?.modalities.map((value) => ({ value, label: value })) ?? [])}
      {select(
        "region",
        options?.body_regions.map((value) => ({ value, label: terms.region(value) })) ?? [],
      )}
      <div style={{ gridColumn: "1 / -1" }}>
        {select(
          "finding",
          options?.findings.map(({ code }) => ({ value: code, label: terms.finding(code) })) ?? [],
          terms.finding,
        )}
      </div>
      <div style={{ gridColumn: "1 / -1" }}>
        {select(
          "verified",
          VERIFIED.map((value) => ({ value, label: t(`filters.verifieds.${value}`) })),
        )}
      </div>
      <DaysField
        label={t("filters.date")}
        value={filters.date}
        onChange={(date) => onChange({ date })}
      />
      <DaysField
        label={t("filters.received")}
        value={filters.received}
        onChange={(received) => onChange({ received })}
      />
      <Group gap="md" style={{ gridColumn: "1 / -1" }} mt={4}>
        {MARKS.map((name) => (
          <Checkbox
            key={name}
            size="xs"
            label={t(`filters.${name}`)}
            checked={filters[name]}
            onChange={(event) => onChange({ [name]: event.currentTarget.checked })}
          />
        ))}
      </Group>
    </SimpleGrid>
  );
}
