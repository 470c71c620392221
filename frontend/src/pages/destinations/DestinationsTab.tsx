import { Alert, Button, Group, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { ConfirmDialog, type Question } from "@/components/ConfirmDialog";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Waiting } from "@/components/Waiting";
import { useDeliverySummary } from "@/delivery/useDeliverySummary";

import { DestinationDialog } from "./DestinationDialog";
import { DestinationTable } from "./DestinationTable";
import { asGiven, type Destination } from "./peers";
import { useDestinations, useRenew } from "./queries";
import { TestDialog } from "./TestDialog";

const at = ({ name }: Destination) => ({ params: { path: { name } } });

/** The destinations: make them, try them, see how it stands with them. */
export function DestinationsTab() {
  const { t } = useTranslation("destinations");
  const { data, error, refetch } = useDestinations();
  const { data: summary } = useDeliverySummary();
  const renew = useRenew();
  const [edited, setEdited] = useState<Destination | "new" | null>(null);
  const [tested, setTested] = useState<string | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);

  const askSwitch = (one: Destination) =>
    setQuestion({
      title: `${t(one.enabled ? "destinations.switchOff" : "destinations.switchOn")}: ${one.name}`,
      text: t("destinations.text"),
      action: t(one.enabled ? "destinations.switchOff" : "destinations.switchOn"),
      run: async () => {
        const body = { ...asGiven(one), enabled: !one.enabled };
        await http.PUT("/api/v1/destinations/{name}", { ...at(one), body });
        await renew();
      },
    });
  const askRemove = (one: Destination) =>
    setQuestion({
      title: t("destinations.removeTitle", { name: one.name }),
      text: t("destinations.removeText"),
      action: t("destinations.remove"),
      harmful: true,
      run: async () => {
        await http.DELETE("/api/v1/destinations/{name}", at(one));
        await renew();
      },
    });

  if (!data) return error ? <ErrorPanel error={error} retry={() => void refetch()} /> : <Waiting />;
  return (
    <>
      {summary?.deliverers_alive === 0 && data.destinations.length > 0 && (
        <Alert color="red" mb="sm">
          {t("destinations.noDeliverer")}
        </Alert>
      )}
      <Group justify="space-between" mb="sm">
        <Text size="sm" c="dimmed">
          {t("destinations.text")}
        </Text>
        <Button leftSection={<IconPlus size={16} />} onClick={() => setEdited("new")}>
          {t("destinations.add")}
        </Button>
      </Group>
      {data.destinations.length === 0 ? (
        <Text size="sm">{t("destinations.none")}</Text>
      ) : (
        <DestinationTable
          destinations={data.destinations}
          states={summary?.destinations}
          onTest={({ name }) => setTested(name)}
          onChange={setEdited}
          onSwitch={askSwitch}
          onRemove={askRemove}
        />
      )}
      <DestinationDialog
        edited={edited}
        kinds={data.kinds}
        onClose={() => setEdited(null)}
        onSaved={(name) => {
          setEdited(null);
          setTested(name);
          void renew();
        }}
      />
      <TestDialog name={tested} onClose={() => setTested(null)} />
      <ConfirmDialog question={question} onClose={() => setQuestion(null)} />
    </>
  );
}
