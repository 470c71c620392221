import { UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";

import classes from "./Presets.module.css";
import { type Filters, type Preset, presetFilters, presetOf, PRESETS } from "./view";

type Counts = Schemas["WorklistCounts"];

const COUNTED: Record<Preset, keyof Counts> = {
  all: "total",
  attention: "attention",
  unread: "unread",
  progress: "in_progress",
  failed: "failed",
};

interface Props {
  filters: Filters;
  counts: Counts | undefined;
  onChange: (filters: Partial<Filters>) => void;
}

/** The views people look at all day, and how much is in each. */
export function Presets({ filters, counts, onChange }: Props) {
  const { t } = useTranslation("worklist");
  const format = useFormat();
  const active = presetOf(filters);
  return (
    <div role="group" aria-label={t("presets.label")} className={classes.presets}>
      {(Object.keys(PRESETS) as Preset[]).map((preset) => {
        const count = counts?.[COUNTED[preset]];
        return (
          <UnstyledButton
            key={preset}
            className={classes.preset}
            aria-pressed={active === preset}
            title={preset === "attention" ? t("presets.attentionHint") : undefined}
            onClick={() => onChange(presetFilters(preset))}
          >
            {t(`presets.${preset}`)}
            <span
              className={classes.count}
              data-alarming={(preset === "attention" && !!count) || undefined}
            >
              {count == null ? "…" : format.number(count)}
            </span>
          </UnstyledButton>
        );
      })}
    </div>
  );
}
