import { List, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";
import { unitText } from "@/terms";

import { useStudyView } from "../view";

/** The nodules against the patient's last CT: "Nodule 1: 290 mm³, was 200; doubles in 280 days". */
export function NoduleGrowth() {
  const { t } = useTranslation("study");
  const format = useFormat();
  const compared = useStudyView().history?.nodules;
  if (!compared) return null;
  const date = compared.study_date ? format.date(compared.study_date) : t("trend.noDate");
  const volume = (mm3: number) => `${format.number(mm3, 0)} ${unitText("mm3")}`;
  return (
    <div>
      <Text size="xs" fw={600} px={12} pt={6}>
        {t("growth.title", { date })}
      </Text>
      <List size="xs" px={12} py={4} listStyleType="none">
        {compared.nodules.map((one) => (
          <List.Item key={one.number}>
            {t("matrix.nodules", { number: one.number })}:{" "}
            {one.earlier_volume_mm3 === null
              ? t(`growth.${one.why_not ?? "not_seen_before"}`)
              : t(`growth.${one.verdict ?? "undated"}`, {
                  now: volume(one.volume_mm3),
                  before: volume(one.earlier_volume_mm3),
                })}
            {one.doubling_days !== null &&
              t("growth.doubling", { count: Math.round(one.doubling_days) })}
          </List.Item>
        ))}
      </List>
    </div>
  );
}
