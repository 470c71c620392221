import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import type { Trend } from "./trend";

/** How far a number moved since the study before: "+2.0 mm since 3 Aug 2025". */
export function Change({ trend, unit }: { trend: Trend; unit: string }) {
  const { t } = useTranslation("study");
  const format = useFormat();
  const terms = useTerms();
  const { previous, difference, share } = trend;
  const signed = (text: string) =>
    difference && difference > 0 ? `+${text}` : text.replace(/^-/, "−");
  return (
    <>
      {previous?.study.study_date && difference !== null
        ? t("trend.since", {
            change: signed(
              share === null ? terms.quantity(difference, unit) : format.percent(share),
            ),
            date: format.date(previous.study.study_date),
          })
        : t("trend.later")}
      {trend.otherPhase && ` · ${t("trend.otherPhaseShort")}`}
    </>
  );
}
