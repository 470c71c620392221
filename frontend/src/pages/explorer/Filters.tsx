import { Button, NumberInput, Paper, Select, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { api } from "@/api/client";

import classes from "./Filters.module.css";
import { MeasurementSelect } from "./MeasurementSelect";
import { paramsOf, SEXES, type View } from "./view";

interface Props {
  view: View;
  onChange: (changed: Partial<View>) => void;
}

/** Which measurement, against which other, of whose studies. */
export function Filters({ view, onChange }: Props) {
  const { t } = useTranslation(["explorer", "terms"]);
  const { data: names } = api.useQuery("get", "/api/v1/measurements/names");
  const { data: options } = api.useQuery("get", "/api/v1/worklist/options");
  const restricted = paramsOf({ ...view, name: "", against: "" }).size > 0;
  const age = (key: "ageFrom" | "ageTo") => ({
    label: t(`filters.${key}`),
    value: view[key] ?? "",
    onChange: (value: number | string) =>
      onChange({ [key]: value === "" ? null : Math.round(Number(value)) }),
    min: 0,
    max: 150,
    allowDecimal: false,
    clampBehavior: "strict" as const,
    hideControls: true,
  });
  const day = (key: "dateFrom" | "dateTo") => ({
    type: "date",
    label: t(`filters.${key}`),
    value: view[key],
    onChange: (event: { currentTarget: { value: string } }) =>
      onChange({ [key]: event.currentTarget.value }),
  });
  const any = { placeholder: t("filters.any"), clearable: true } as const;
  const clear = { clearButtonProps: { "aria-label": t("filters.clear") } };
  return (
    <Paper withBorder p="md" component="section" aria-label={t("filters.title")}>
      <div className={classes.measurements}>
        <MeasurementSelect
          label={t("filters.name")}
          names={names?.names ?? []}
          value={view.name}
          onChange={(name) => onChange({ name })}
        />
        <MeasurementSelect
          label={t("filters.against")}
          names={(names?.names ?? []).filter((one) => one.name !== view.name)}
          value={view.against}
          onChange={(against) => onChange({ against })}
          optional
        />
      </div>
      <div className={classes.cohort}>
        <Select
          label={t("filters.modality")}
          data={options?.modalities ?? []}
          value={view.modality || null}
          onChange={(modality) => onChange({ modality: modality ?? "" })}
          {...any}
          {...clear}
        />
        <Select
          label={t("filters.sex")}
          data={SEXES.map((sex) => ({ value: sex, label: t(`terms:sex.${sex}`) }))}
          value={view.sex || null}
          onChange={(sex) => onChange({ sex: sex ?? "" })}
          {...any}
          {...clear}
        />
        <NumberInput {...age("ageFrom")} />
        <NumberInput {...age("ageTo")} />
        <TextInput {...day("dateFrom")} />
        <TextInput {...day("dateTo")} />
        <Button
          variant="default"
          disabled={!restricted}
          onClick={() =>
            onChange({
              modality: "",
              sex: "",
              ageFrom: null,
              ageTo: null,
              dateFrom: "",
              dateTo: "",
            })
          }
        >
          {t("filters.everybody")}
        </Button>
      </div>
    </Paper>
  );
}
