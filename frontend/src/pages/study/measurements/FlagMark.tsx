import { useTranslation } from "react-i18next";

import classes from "./Measurements.module.css";
import type { Flag } from "./reference";

/** Below or above the reference, by sign, word and colour. */
export function FlagMark({ flag }: { flag: Flag }) {
  const { t } = useTranslation("study");
  return (
    <span className={classes[flag]}>
      <span aria-hidden>{flag === "low" ? "↓" : "↑"}</span> {t(`flag.${flag}`)}
    </span>
  );
}
