import { Select } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";

import { useMeasurementWords } from "./useMeasurement";
import { AGE } from "./view";

const SHOWN = 80;

interface Props {
  label: string;
  names: readonly Schemas["NameOut"][];
  value: string;
  onChange: (name: string) => void;
  /** Among the choices: the patient's age, and none at all. */
  optional?: boolean;
}

/** One of the measurements that studies here have, found by its name in words. */
export function MeasurementSelect({ label, names, value, onChange, optional }: Props) {
  const { t, i18n } = useTranslation("explorer");
  const words = useMeasurementWords();
  const data = useMemo(() => {
    const named = names.map((one) => ({ value: one.name, label: words.axis(one.name, one.unit) }));
    named.sort((one, other) => one.label.localeCompare(other.label, i18n.language));
    return optional ? [{ value: AGE, label: words.axis(AGE, "years") }, ...named] : named;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- words follow the language
  }, [names, optional, i18n.language]);
  return (
    <Select
      label={label}
      data={data}
      value={value || null}
      onChange={(name) => onChange(name ?? "")}
      placeholder={t(optional ? "filters.noSecond" : "filters.choose")}
      nothingFoundMessage={t("filters.noSuch")}
      limit={SHOWN}
      searchable
      clearable={optional}
      clearButtonProps={{ "aria-label": t("filters.clear") }}
      maxDropdownHeight={360}
    />
  );
}
