import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { api, http, type Schemas } from "@/api/client";
import { actorName } from "@/components/actorName";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Refusal } from "@/components/Refusal";
import { useSubmit } from "@/components/useSubmit";
import { Waiting } from "@/components/Waiting";
import { useFormat } from "@/i18n/format";
import { useRenewStudy } from "@/viewer/editing/api";

import { centimetres, HEIGHT_CM, kilograms, metres, typed, WEIGHT_KG } from "../bodySize";
import { ofStudy, type Study } from "../queries";

interface Props {
  study: Study;
  opened: boolean;
  onClose: () => void;
}

/** Height and weight, entered by a person: index, limits and findings follow. */
export function BodySizeDialog({ study, opened, onClose }: Props) {
  const { t } = useTranslation(["study", "common"]);
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("bodySize.enter")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Known study={study} onClose={onClose} />
    </Modal>
  );
}

function Known({ study, onClose }: Omit<Props, "opened">) {
  const { data, error, refetch } = api.useQuery(
    "get",
    "/api/v1/studies/{study_id}/body-size",
    ofStudy(study.id),
    { gcTime: 0, refetchOnWindowFocus: false },
  );
  if (!data) return error ? <ErrorPanel error={error} retry={() => void refetch()} /> : <Waiting />;
  return <Form study={study} entered={data} onClose={onClose} />;
}

interface FormProps {
  study: Study;
  entered: Schemas["BodySizeOut"];
  onClose: () => void;
}

function Form({ study, entered, onClose }: FormProps) {
  const { t } = useTranslation(["study", "common"]);
  const renew = useRenewStudy(study.id);
  const [height, setHeight] = useState(centimetres(entered.height_m));
  const told = kilograms(entered.weight_kg);
  const [weight, setWeight] = useState(told);
  const height_cm = typed(height, HEIGHT_CM);
  const weight_kg = typed(weight, WEIGHT_KG);
  const isNumber = height_cm !== undefined && weight_kg !== undefined;
  const between = ([least, most]: readonly [number, number]) =>
    t("bodySize.between", { least, most });
  const { submit, busy, error } = useSubmit(async () => {
    if (!isNumber) return;
    // What nobody touched stays as it was told.
    const kept = weight === told ? entered.weight_kg : weight_kg;
    const body = { height_m: metres(height_cm), weight_kg: kept };
    const init = { ...ofStudy(study.id), body };
    const { data } = await http.PUT("/api/v1/studies/{study_id}/body-size", init);
    await renew();
    notifications.show({
      message: t(data?.pending ? "bodySize.later" : "bodySize.done"),
      color: "teal",
    });
    onClose();
  });
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Text size="sm">{t("bodySize.text")}</Text>
        <Group grow align="flex-start">
          <TextInput
            label={t("bodySize.height")}
            value={height}
            onChange={(event) => setHeight(event.currentTarget.value)}
            error={height_cm === undefined && between(HEIGHT_CM)}
            inputMode="decimal"
            autoComplete="off"
            data-autofocus
          />
          <TextInput
            label={t("bodySize.weight")}
            value={weight}
            onChange={(event) => setWeight(event.currentTarget.value)}
            error={weight_kg === undefined && between(WEIGHT_KG)}
            inputMode="decimal"
            autoComplete="off"
          />
        </Group>
        <From entered={entered} />
        <Refusal error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" loading={busy} disabled={!isNumber}>
            {t("bodySize.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Who entered what stands there, and when. */
function From({ entered }: { entered: Schemas["BodySizeOut"] }) {
  const { t } = useTranslation("study");
  const format = useFormat();
  if (!entered.source || !entered.at) return null;
  const told = { who: actorName(entered.by), when: format.dateTime(entered.at) };
  return (
    <Text size="xs" c="dimmed">
      {t(`bodySize.from.${entered.source}`, told)}
      {entered.pending && ` · ${t("bodySize.later")}`}
    </Text>
  );
}
