import { Alert, Button, Group, Text } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useMay } from "@/app/session";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Waiting } from "@/components/Waiting";
import { currentFirst } from "@/delivery/deliveries";
import { DeliveryTable } from "@/delivery/DeliveryTable";

import { SendDialog } from "../actions/SendDialog";
import { type Study, useDeliveries } from "../queries";

/** Where the results went or are to go, object by object, and why one has not arrived. */
export function DeliveryTab({ study }: { study: Study }) {
  const { t } = useTranslation("study");
  const { data, error, refetch } = useDeliveries(study.id);
  const maySend = useMay("operate") && study.has_results;
  const [sending, setSending] = useState(false);
  if (!data) return error ? <ErrorPanel error={error} retry={() => void refetch()} /> : <Waiting />;
  return (
    <>
      <Group justify="space-between" mb="xs">
        <Text size="sm" c="dimmed">
          {t(data.deliveries.length === 0 ? "delivery.none" : "delivery.text")}
        </Text>
        {maySend && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconSend size={15} />}
            onClick={() => setSending(true)}
          >
            {t("send.open")}
          </Button>
        )}
      </Group>
      {data.awaits_verification && (
        <Alert variant="light" color="yellow" p="xs" mb="xs" role="status">
          {t("delivery.awaits")}
        </Alert>
      )}
      {data.undecided_rules.length > 0 && (
        <Alert variant="light" color="yellow" p="xs" mb="xs" role="status">
          {t("delivery.undecided", {
            count: data.undecided_rules.length,
            rules: data.undecided_rules.join(", "),
          })}
        </Alert>
      )}
      {data.deliveries.length > 0 && (
        <DeliveryTable label={t("tab.delivery")} deliveries={currentFirst(data.deliveries)} />
      )}
      <SendDialog study={study} opened={sending} onClose={() => setSending(false)} />
    </>
  );
}
