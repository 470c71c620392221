import { useTranslation } from "react-i18next";

import { ageIn } from "./patientText";

interface Patient {
  age_years: number | null;
  sex: string | null;
}

/** Age and sex as lists have them: `66 y F`; empty where neither is known. */
export function useAgeSex(): (patient: Patient) => string {
  const { t } = useTranslation("terms");
  return ({ age_years, sex }) => {
    const age = age_years == null ? null : ageIn(age_years);
    return [age && t(`age.${age[1]}`, { count: age[0] }), sex].filter(Boolean).join(" ");
  };
}
