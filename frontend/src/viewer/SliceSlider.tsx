import { useTranslation } from "react-i18next";

import classes from "./Viewer.module.css";

interface Props {
  /** From 0. */
  slice: number;
  slices: number;
  /** Measurements count axial slices from 0: both are told. */
  isAxial: boolean;
  onSlice: (slice: number) => void;
}

export function SliceSlider({ slice, slices, isAxial, onSlice }: Props) {
  const { t } = useTranslation("viewer");
  const text = t("slider.value", { slice: slice + 1, slices });
  return (
    <label className={classes.slider}>
      <span>{t("slider.label")}</span>
      <input
        type="range"
        min={1}
        max={slices}
        value={slice + 1}
        aria-valuetext={text}
        onChange={(event) => onSlice(Number(event.currentTarget.value) - 1)}
      />
      <output className="tabular">
        {text}
        {isAxial && <span>{` · ${t("slider.index", { index: slice })}`}</span>}
      </output>
    </label>
  );
}
