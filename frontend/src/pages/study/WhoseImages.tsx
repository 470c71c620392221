import { Button, Group, Modal, Stack, Table, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { http, type Schemas } from "@/api/client";
import { useMay } from "@/app/session";
import { Missing } from "@/components/Missing";
import { readableName } from "@/components/personName";
import { Refusal } from "@/components/Refusal";
import { useRun } from "@/components/useSubmit";
import { WideTable } from "@/components/WideTable";
import { useFormat } from "@/i18n/format";

import { ofStudy, type Study } from "./queries";

type Meant = Schemas["PatientsMeant"]["meant"];

/** The patients that a held study's images name, and the question which of two things that means. */
export function WhoseImages({ study }: { study: Study }) {
  const { t } = useTranslation("study");
  const mayOperate = useMay("operate");
  const [asked, setAsked] = useState<Meant | null>(null);
  return (
    <Stack gap="sm" w="100%">
      <Patients study={study} />
      {mayOperate ? (
        <Group gap="sm">
          <Button size="xs" onClick={() => setAsked("apart")}>
            {t("whose.apart.label")}
          </Button>
          <Button size="xs" variant="default" onClick={() => setAsked("one")}>
            {t("whose.one.label")}
          </Button>
        </Group>
      ) : (
        <Text size="sm" c="dimmed">
          {t("whose.mayNot")}
        </Text>
      )}
      {asked && <Question study={study} meant={asked} onClose={() => setAsked(null)} />}
    </Stack>
  );
}

function Patients({ study }: { study: Study }) {
  const { t } = useTranslation(["study", "terms"]);
  const format = useFormat();
  const columns = ["name", "patientId", "born", "sex", "images", "series"] as const;
  return (
    <WideTable label={t("whose.patients")} minWidth={560}>
      <Table.Thead>
        <Table.Tr>
          {columns.map((column) => (
            <Table.Th key={column}>{t(`whose.${column}`)}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {study.named_patients.map((one) => (
          <Table.Tr key={`${one.patient_id} ${one.patient_name} ${one.birth_date}`}>
            <Table.Td>{readableName(one.patient_name) || <Missing why={t("noName")} />}</Table.Td>
            <Table.Td>{one.patient_id || <Missing why={t("whose.noId")} />}</Table.Td>
            <Table.Td>
              {one.birth_date ? format.date(one.birth_date) : <Missing why={t("whose.noBirth")} />}
            </Table.Td>
            <Table.Td>
              {one.sex ? t(`terms:sex.${one.sex as "M"}`) : <Missing why={t("whose.noSex")} />}
            </Table.Td>
            <Table.Td>{format.number(one.images)}</Table.Td>
            <Table.Td>
              {one.series
                .map(({ number, description, modality }) =>
                  [number, description || modality].filter((part) => part !== null).join(" "),
                )
                .join(", ")}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </WideTable>
  );
}

/** Both answers begin work on a patient's images: they are said twice. */
function Question({ study, meant, onClose }: { study: Study; meant: Meant; onClose: () => void }) {
  const { t } = useTranslation("study");
  const queries = useQueryClient();
  const { run, busy, error } = useRun(async () => {
    const { data } = await http.POST("/api/v1/studies/{study_id}/patients", {
      ...ofStudy(study.id),
      body: { meant, patients: study.patients },
    });
    const others = data?.studies.filter((one) => one.id !== study.id) ?? [];
    const names = others.map(
      (one) => `${readableName(one.patient_name) || t("noName")} (${one.id})`,
    );
    notifications.show({
      message: t(`whose.${meant}.done`, { names: names.join("; ") }),
      color: "teal",
    });
    onClose();
    void queries.invalidateQueries({ queryKey: ["get", "/api/v1/studies"] });
    await queries.invalidateQueries({ queryKey: ["get", "/api/v1/studies/{study_id}"] });
  });
  return (
    <Modal opened onClose={onClose} title={t(`whose.${meant}.do`)} centered>
      <Stack gap="sm">
        <Text size="sm">{t(`whose.${meant}.what`, { count: study.patients })}</Text>
        <Refusal error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("whose.not")}
          </Button>
          <Button loading={busy} onClick={run} data-autofocus>
            {t(`whose.${meant}.do`)}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
