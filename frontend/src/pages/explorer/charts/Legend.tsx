import { useTranslation } from "react-i18next";

import { SEXES } from "../view";
import classes from "./charts.module.css";
import { Mark } from "./Mark";

/** Which mark is whose. */
export function Legend() {
  const { t } = useTranslation(["explorer", "terms"]);
  return (
    <div className={classes.legend}>
      {SEXES.map((sex) => (
        <span key={sex}>
          <svg width={12} height={12} aria-hidden>
            <Mark x={6} y={6} sex={sex} />
          </svg>
          {sex === "O" ? t("otherOrUnknown") : t(`terms:sex.${sex}`)}
        </span>
      ))}
    </div>
  );
}
