import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import type { Trend } from "./trend";

/** How far a number moved since the study before: "+4 % since 3 Aug 2025". */
export function Change({ trend, unit }: { trend: Trend; unit: string }) {
  const { t } = useTranslation("study");
  const format = useFormat();
  const terms = useTerms();
  const { previous, difference, share } = trend;
  const signed = (text: string) =>
    difference && difference > 0 ? `+${text}` : text.replace(/^-/, "−");
  const moved = (by: number) => {
    if (share !== null) return format.percent(share);
    // "+5 %" would be read as a share of the number it stands beside.
    if (unit === "%") return t("trend.points", { count: by, number: terms.value(by, unit) });
    return terms.quantity(by, unit);
  };
  return (
    <>
      {previous?.study.study_date && difference !== null
        ? t("trend.since", {
            change: signed(moved(difference)),
            date: format.date(previous.study.study_date),
          })
        : t("trend.later")}
      {trend.otherPhase && ` · ${t("trend.otherPhaseShort")}`}
    </>
  );
}
