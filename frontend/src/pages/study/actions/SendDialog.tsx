import { Alert, Anchor, Button, Checkbox, Group, Modal, Radio, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { http, type Schemas } from "@/api/client";
import { useMay } from "@/app/session";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Refusal } from "@/components/Refusal";
import { useSubmit } from "@/components/useSubmit";
import { Waiting } from "@/components/Waiting";
import type { ObjectKind } from "@/delivery/deliveries";
import { ObjectChoice } from "@/delivery/ObjectChoice";
import { useRenewDeliveries } from "@/delivery/useDeliveryCommand";
import { useDeliverySummary } from "@/delivery/useDeliverySummary";

import { ofStudy, type Study, useDeliveries } from "../queries";

type Destination = Schemas["DestinationState"];

interface Props {
  study: Study;
  opened: boolean;
  onClose: () => void;
}

/** Sends results somewhere by hand: which of them, and where to. */
export function SendDialog({ study, opened, onClose }: Props) {
  const { t } = useTranslation(["study", "common"]);
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("send.title")}
      closeButtonProps={{ "aria-label": t("common:close") }}
      size="lg"
    >
      <Send study={study} onClose={onClose} />
    </Modal>
  );
}

function Send({ study, onClose }: Omit<Props, "opened">) {
  const { t } = useTranslation("study");
  const administrator = useMay("admin");
  const summary = useDeliverySummary();
  const own = useDeliveries(study.id);
  const data = summary.data;
  const { error, refetch } = summary.error ? summary : own;
  if (!data || !own.data)
    return error ? <ErrorPanel error={error} retry={() => void refetch()} /> : <Waiting />;
  if (data.destinations.length === 0)
    return (
      <Text size="sm">
        {t("send.nowhere")}{" "}
        {administrator && (
          <Anchor component={Link} to="/destinations" size="sm">
            {t("send.addOne")}
          </Anchor>
        )}
      </Text>
    );
  return (
    <>
      {data.deliverers_alive === 0 && (
        <Alert color="yellow" p="xs" mb="sm">
          {t("send.nobody")}
        </Alert>
      )}
      <Form
        study={study}
        unverified={own.data.awaits_verification}
        destinations={data.destinations}
        onClose={onClose}
      />
    </>
  );
}

interface FormProps {
  study: Study;
  /** The results wait for a person to verify them: whoever sends them all the same says so. */
  unverified: boolean;
  destinations: readonly Destination[];
  onClose: () => void;
}

function Form({ study, unverified, destinations, onClose }: FormProps) {
  const { t } = useTranslation(["study", "delivery", "common"]);
  const renew = useRenewDeliveries();
  const [to, setTo] = useState(destinations[0]?.name ?? "");
  const [objects, setObjects] = useState<ObjectKind[]>([]);
  const [anyway, setAnyway] = useState(false);
  const chosen = destinations.find(({ name }) => name === to);
  const { takes = [], usual = [] } = chosen ?? {};
  const { submit, busy, error } = useSubmit(async () => {
    const body = { destination: to, objects };
    await http.POST("/api/v1/studies/{study_id}/deliveries", { ...ofStudy(study.id), body });
    notifications.show({ message: t("send.done", { name: to }), color: "teal" });
    await renew();
    onClose();
  });
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Radio.Group
          label={t("send.to")}
          value={to}
          onChange={(name) => {
            setTo(name);
            setObjects([]);
          }}
        >
          <Stack gap={6} mt={4}>
            {destinations.map(({ name, enabled }) => (
              <Radio
                key={name}
                value={name}
                label={name}
                description={enabled ? undefined : t("send.off")}
              />
            ))}
          </Stack>
        </Radio.Group>
        <ObjectChoice
          label={t("send.what")}
          description={t("send.usual", {
            usual: usual.map((kind) => t(`delivery:short.${kind}`)).join(", "),
          })}
          takes={takes}
          value={objects}
          onChange={setObjects}
        />
        <Text size="xs" c="dimmed">
          {t("send.again")}
        </Text>
        {unverified && (
          <Alert color="yellow" p="xs">
            <Stack gap="xs">
              <Text size="sm">{t("send.unverified")}</Text>
              <Checkbox
                label={t("send.anyway")}
                checked={anyway}
                onChange={(event) => setAnyway(event.currentTarget.checked)}
                required
              />
            </Stack>
          </Alert>
        )}
        <Refusal error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" loading={busy} disabled={unverified && !anyway}>
            {t("send.do")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
