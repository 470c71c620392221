import { Slider, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";

import classes from "./editing.module.css";
import { type Settings, SIZE_MM, sized } from "./settings";

interface Props {
  settings: Settings;
  set: (part: Partial<Settings>) => void;
}

/** Small sizes are as far apart on the slider as large ones. */
const FINENESS = 100;
const toSlider = (mm: number) => Math.round(Math.log2(mm) * FINENESS);
const toMm = (value: number) => sized(2 ** (value / FINENESS));

/** The brush's diameter. */
export function SizeControl({ settings, set }: Props) {
  const { t } = useTranslation("viewer");
  const format = useFormat();
  const text = (mm: number) => `${format.number(mm, Number.isInteger(mm) ? 0 : 1)} mm`;
  return (
    <div className={classes.size}>
      <Slider
        w={70}
        size="sm"
        min={toSlider(SIZE_MM.least)}
        max={toSlider(SIZE_MM.most)}
        value={toSlider(settings.sizeMm)}
        label={(value) => text(toMm(value))}
        thumbLabel={t("edit.size")}
        onChange={(value) => set({ sizeMm: toMm(value) })}
      />
      <Text size="xs" className="tabular" data-testid="brush-size">
        {text(settings.sizeMm)}
      </Text>
    </div>
  );
}
