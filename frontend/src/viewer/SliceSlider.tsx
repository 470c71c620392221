import { useTranslation } from "react-i18next";

import classes from "./Viewer.module.css";

interface Props {
  /** From 0. */
  slice: number;
  slices: number;
  onSlice: (slice: number) => void;
}

export function SliceSlider({ slice, slices, onSlice }: Props) {
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
      <output className="tabular">{text}</output>
    </label>
  );
}
