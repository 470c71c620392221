import { Button, Group, Pill } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import { daysOf, isRecent } from "./days";
import { activeFilters, type Filters, NO_FILTERS } from "./view";

interface Props {
  filters: Filters;
  onChange: (filters: Partial<Filters>) => void;
}

/** What restricts the list, each with a way to take it off. */
export function ActiveFilters({ filters, onChange }: Props) {
  const { t } = useTranslation("worklist");
  const text = useFilterText(filters);
  const active = activeFilters(filters);
  if (active.length === 0) return null;
  return (
    <Group gap={6} px="md" pb={8} role="group" aria-label={t("filters.active")}>
      {active.map((name) => (
        <Pill
          key={name}
          size="sm"
          withRemoveButton
          onRemove={() => onChange({ [name]: NO_FILTERS[name] })}
          removeButtonProps={{
            "aria-label": t("filters.remove", { filter: text(name) }),
            tabIndex: 0,
            "aria-hidden": false,
          }}
        >
          {text(name)}
        </Pill>
      ))}
      <Button size="compact-xs" variant="subtle" color="gray" onClick={() => onChange(NO_FILTERS)}>
        {t("filters.clearAll")}
      </Button>
    </Group>
  );
}

function useFilterText(filters: Filters): (name: keyof Filters) => string {
  const { t } = useTranslation("worklist");
  const format = useFormat();
  const terms = useTerms();

  const days = (value: string) => {
    if (isRecent(value)) return t(`filters.days.${value}`);
    const { from, to } = daysOf(value) ?? {};
    return [from && `≥ ${format.date(from)}`, to && `≤ ${format.date(to)}`]
      .filter(Boolean)
      .join(", ");
  };
  const value = (name: keyof Filters): string => {
    const chosen = filters[name];
    if (typeof chosen === "boolean") return "";
    if (name === "search") return chosen;
    if (name === "state") return t(`filters.states.${chosen}`);
    if (name === "severity") return t(`filters.severities.${chosen}`);
    if (name === "verified") return t(`filters.verifieds.${chosen}`);
    if (name === "date" || name === "received") return days(chosen);
    if (name === "region") return terms.region(chosen);
    if (name === "finding") return terms.finding(chosen);
    return chosen;
  };
  return (name) => {
    const what = value(name);
    return what ? `${t(`filters.${name}`)}: ${what}` : t(`filters.${name}`);
  };
}
