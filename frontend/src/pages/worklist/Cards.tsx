import { ActionIcon, Skeleton } from "@mantine/core";
import { IconEye } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { clockTime } from "@/components/patientText";
import { readableName } from "@/components/personName";
import { useAgeSex } from "@/components/useAgeSex";
import { useFormat } from "@/i18n/format";

import classes from "./Cards.module.css";
import { FindingsCell, MarksCell, PatientCell, StateCell } from "./cells";
import { isAlarming } from "./chips";
import type { Study } from "./useWorklist";

interface Props {
  studies: Study[] | undefined;
  stale: boolean;
  onLook: (studyId: number) => void;
}

/** The worklist on a telephone. */
export function Cards({ studies, stale, onLook }: Props) {
  const { t } = useTranslation("worklist");
  return (
    <ul
      className={`${classes.list} ${stale ? classes.stale : ""}`}
      aria-label={t(studies ? "table.caption" : "table.loading")}
      aria-busy={!studies || stale}
    >
      {studies?.map((study) => <Card key={study.id} study={study} onLook={onLook} />) ??
        Array.from({ length: 6 }, (_, index) => (
          <li key={index} className={classes.card}>
            <Skeleton height={14} width="60%" />
            <Skeleton height={12} width="80%" />
            <Skeleton height={12} width="40%" />
          </li>
        ))}
    </ul>
  );
}

function Card({ study, onLook }: { study: Study; onLook: (studyId: number) => void }) {
  const { t } = useTranslation("worklist");
  const format = useFormat();
  const ageSex = useAgeSex();
  const name = readableName(study.patient_name) || t("row.noName");
  const day = study.study_date && format.shortDate(study.study_date);
  const facts = [
    study.patient_id,
    ageSex(study),
    day && [day, clockTime(study.study_time)].filter(Boolean).join(" "),
    study.modality || study.modalities.join(" "),
    study.description,
  ].filter(Boolean);
  return (
    <li
      className={classes.card}
      data-study={study.id}
      data-alarming={isAlarming(study.findings) || undefined}
    >
      <div className={classes.top}>
        <PatientCell study={study} />
        <MarksCell study={study} />
      </div>
      <div className={classes.facts}>{facts.join(" · ")}</div>
      <div className={classes.bottom}>
        <StateCell study={study} />
        <FindingsCell study={study} />
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          onClick={() => onLook(study.id)}
          aria-label={t("table.lookAt", { name })}
        >
          <IconEye size={18} />
        </ActionIcon>
      </div>
    </li>
  );
}
