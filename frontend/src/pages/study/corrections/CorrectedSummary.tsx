import { Anchor } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Results } from "../queries";
import classes from "./Corrections.module.css";
import { useHand } from "./hand";

/** How much of the results is a person's; nothing where it is all the networks' own. */
export function CorrectedSummary({ results }: { results: Results }) {
  const { t } = useTranslation("corrections");
  const { overview, showAll } = useHand();
  const corrected = results.measurements.filter((one) => one.corrected).length;
  const rejected = overview?.rejections.length ?? 0;
  if (corrected + rejected === 0) return null;
  return (
    <p className={classes.hand} data-corrected-summary>
      {corrected > 0 && `${t("summary.corrected", { count: corrected })} `}
      {rejected > 0 && `${t("summary.rejected", { count: rejected })} `}
      <Anchor component="button" type="button" inherit onClick={showAll}>
        {t("summary.look")}
      </Anchor>
    </p>
  );
}
