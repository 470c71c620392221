import { ActionIcon, Badge, Group, Text, Title, Tooltip } from "@mantine/core";
import {
  IconArrowLeft,
  IconChevronLeft,
  IconChevronRight,
  IconFlagFilled,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { Missing } from "@/components/Missing";
import { ageIn, clockTime } from "@/components/patientText";
import { readableName } from "@/components/personName";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import { StudyActions } from "./actions/StudyActions";
import { BodySize } from "./BodySize";
import { OthersEditing } from "./corrections/OthersEditing";
import { Verified } from "./corrections/Verified";
import type { Study } from "./queries";
import { StateBadge } from "./StateBadge";
import classes from "./StudyHeader.module.css";
import type { Neighbours } from "./useNeighbours";

/** Who, what and when; and what can be done. */
export function StudyHeader({ study, neighbours }: { study: Study; neighbours: Neighbours }) {
  const { t } = useTranslation("study");
  // Whose a study is that nobody has looked into yet, is the question that the page asks.
  const isAsked = study.state === "held" && !study.results;
  const people = isAsked ? study.named_patients : [study];
  const names = people.map((one) => readableName(one.patient_name) || t("noName"));
  return (
    <header className={classes.header}>
      <Group gap={4} wrap="nowrap">
        <Tooltip label={t("back")}>
          <ActionIcon
            variant="subtle"
            color="gray"
            component={Link}
            to={neighbours.back}
            aria-label={t("back")}
          >
            <IconArrowLeft size={18} />
          </ActionIcon>
        </Tooltip>
        {neighbours.known && (
          <>
            <Step label={t("previous")} go={neighbours.previous}>
              <IconChevronLeft size={18} />
            </Step>
            <Step label={t("next")} go={neighbours.next}>
              <IconChevronRight size={18} />
            </Step>
          </>
        )}
      </Group>
      <div className={classes.who}>
        <Group gap={8} wrap="wrap">
          <Title order={1} className={classes.name}>
            {names.join(" · ")}
          </Title>
          {!isAsked && (
            <Text size="sm">
              <SexAndAge study={study} />
            </Text>
          )}
          <StateBadge study={study} />
          <Verified />
          <OthersEditing />
          {study.stat && (
            <Badge color="red.8" variant="filled" size="sm">
              STAT
            </Badge>
          )}
          {study.flagged && (
            <IconFlagFilled
              size={16}
              role="img"
              aria-label={t("flagged")}
              color="var(--mantine-color-orange-5)"
            />
          )}
        </Group>
        <Details study={study} isAsked={isAsked} />
      </div>
      <Group gap={6} justify="flex-end" className={classes.actions}>
        <StudyActions study={study} />
      </Group>
    </header>
  );
}

function Step({ label, go, children }: { label: string; go?: () => void; children: ReactNode }) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={label}
        disabled={!go}
        onClick={() => go?.()}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

function SexAndAge({ study }: { study: Study }) {
  const { t } = useTranslation(["study", "terms"]);
  const format = useFormat();
  const sex = study.sex as "M" | "F" | "O" | null;
  const parts: string[] = sex ? [t(`terms:sex.${sex}`)] : [];
  if (study.age_years !== null) {
    const [count, unit] = ageIn(study.age_years);
    parts.push(t(`age.${unit}`, { count }));
  }
  const born = study.birth_date && t("born", { date: format.date(study.birth_date) });
  return <span title={born ?? undefined}>{parts.join(", ") || <Missing why={t("noAge")} />}</span>;
}

/** Study date, what was examined, and the numbers people search by. */
function Details({ study, isAsked }: { study: Study; isAsked: boolean }) {
  const { t } = useTranslation("study");
  const format = useFormat();
  const time = clockTime(study.study_time);
  const identity = study.results?.identity;
  const day = study.study_date && format.date(study.study_date);
  const facts: [string, string][] = [
    [t("facts.date"), day ? [day, time].filter(Boolean).join(" ") : ""],
    [
      t("facts.description"),
      [study.modality || study.modalities.join("/"), study.description].filter(Boolean).join(" · "),
    ],
    [t("facts.accession"), study.accession_number],
    [t("facts.patientId"), isAsked ? "" : study.patient_id],
    [t("facts.institution"), study.institution],
    [t("facts.revision"), study.revision > 1 ? String(study.revision) : ""],
  ];
  return (
    <dl className={classes.facts}>
      {facts
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      {study.patient_class.patient_class !== "unknown" && (
        <div>
          <dt>{t("facts.patientClass")}</dt>
          <dd>
            <PatientClass said={study.patient_class} />
          </dd>
        </div>
      )}
      {identity && (
        <div>
          <dt>{t("bodySize.title")}</dt>
          <dd>
            <BodySize study={study} identity={identity} />
          </dd>
        </div>
      )}
    </dl>
  );
}

/** Where the patient is cared for; pointing at it says who said so. */
function PatientClass({ said }: { said: Study["patient_class"] }) {
  const { t } = useTranslation("study");
  const format = useFormat();
  const terms = useTerms();
  const from = said.at
    ? t("patientClass.said", { who: said.by, when: format.dateTime(said.at) })
    : t("patientClass.images");
  return (
    <Tooltip label={from}>
      <Text span inherit td="underline dotted" tabIndex={0}>
        {terms.patientClass(said.patient_class)}
      </Text>
    </Tooltip>
  );
}
