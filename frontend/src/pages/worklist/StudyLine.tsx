import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { clockTime } from "@/components/patientText";
import { useAgeSex } from "@/components/useAgeSex";
import { useFormat } from "@/i18n/format";

import type { Study } from "./useWorklist";

/** Whose study it is, and what for: what is known of it, on a few lines. */
export function StudyLine({ study }: { study: Study }) {
  const { t } = useTranslation("worklist");
  const format = useFormat();
  const ageSex = useAgeSex();
  const join = (...parts: (string | null | undefined)[]) => parts.filter(Boolean).join(" · ");
  const day = study.study_date && format.date(study.study_date);
  const source = study.calling_ae ? t("look.from", { ae: study.calling_ae }) : null;
  return (
    <div>
      <Text size="sm">{join(study.patient_id, ageSex(study))}</Text>
      <Text size="sm">
        {join(
          day && [day, clockTime(study.study_time)].filter(Boolean).join(" "),
          study.accession_number,
          study.modality || study.modalities.join(" "),
        )}
      </Text>
      <Text size="sm">{study.description}</Text>
      <Text size="xs" c="dimmed">
        {join(
          `${t(`look.${study.source}`)}${source ? ` ${source}` : ""}`,
          format.dateTime(study.received_at),
          t("row.images", { count: study.instance_count }),
          format.bytes(study.size_bytes),
        )}
      </Text>
    </div>
  );
}
