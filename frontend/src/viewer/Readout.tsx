import { Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import { directions, type Hit } from "./hit";
import classes from "./Viewer.module.css";

interface Props {
  hit: Hit | null;
  /** Otherwise values have no unit. */
  isHounsfield: boolean;
  isFull: boolean;
}

/** Position, value and structures at the pointer, or at the crosshair. */
export function Readout({ hit, isHounsfield, isFull }: Props) {
  const { t } = useTranslation("viewer");
  const terms = useTerms();
  const format = useFormat();
  if (!hit) return null;
  const [x, y, z] = hit.index;
  const digits = hit.value !== null && !Number.isInteger(hit.value) ? 1 : 0;
  const value = hit.value === null ? null : format.number(hit.value, digits);
  const structures = hit.structures.map(({ structure }) => terms.Structure(structure)).join(" · ");
  return (
    <div className={classes.readout} aria-label={t("readout.label")} role="group">
      {value !== null && (
        <strong data-testid="value">
          {t(isHounsfield ? "readout.value" : "readout.signal", { value })}
        </strong>
      )}
      {!isFull && <em>{t("readout.preview")}</em>}
      <span className={classes.structures} title={structures} data-testid="structures">
        {structures}
      </span>
      <Tooltip label={t("readout.slices", { x, y, z })}>
        <span className={classes.position} data-testid="position">
          {`${directions(hit.mm, format.number)} ${t("readout.mm")}`}
        </span>
      </Tooltip>
    </div>
  );
}
