/** Whom a limit holds for, in words. */
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { useTerms } from "@/terms";

export function useAppliesTo(): (whom: Schemas["AppliesTo"]) => string[] {
  const { t } = useTranslation("study");
  const terms = useTerms();
  const number = (value: number) => terms.value(value, "");
  return (whom) =>
    [
      whom.age_from > 0 && t("applies.ageFrom", { years: number(whom.age_from) }),
      whom.sex && t(`applies.${whom.sex}`),
      whom.bmi_from !== null && t("applies.bmiFrom", { bmi: number(whom.bmi_from) }),
      whom.bmi_below !== null && t("applies.bmiBelow", { bmi: number(whom.bmi_below) }),
      whom.contrast_phase && terms.value(whom.contrast_phase, ""),
      whom.kvp_from !== null &&
        whom.kvp_to !== null &&
        t("applies.kvp", { from: number(whom.kvp_from), to: number(whom.kvp_to) }),
    ].filter((one): one is string => !!one);
}
