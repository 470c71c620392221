import { Alert, Button, Group, Loader, Modal, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconHelpCircle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { http, type Schemas } from "@/api/client";
import { messageOf } from "@/api/errors";
import { Refusal } from "@/components/Refusal";
import { useTerms } from "@/terms";

type Check = Schemas["CheckOut"];

const LOOKS = {
  ok: { Icon: IconCircleCheck, color: "var(--mantine-color-teal-6)" },
  failed: { Icon: IconAlertTriangle, color: "var(--mantine-color-red-6)" },
  open: { Icon: IconHelpCircle, color: "var(--mantine-color-yellow-6)" },
};

/** Tries a destination as soon as it is opened; a line for each thing that was tried. */
export function TestDialog({ name, onClose }: { name: string | null; onClose: () => void }) {
  const { t } = useTranslation(["destinations", "common"]);
  return (
    <Modal
      opened={name !== null}
      onClose={onClose}
      title={name !== null && t("test.title", { name })}
      closeButtonProps={{ "aria-label": t("common:close") }}
      size="lg"
    >
      {name !== null && <Found name={name} onClose={onClose} />}
    </Modal>
  );
}

function Found({ name, onClose }: { name: string; onClose: () => void }) {
  const { t } = useTranslation(["destinations", "common"]);
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ["destination-test", name],
    queryFn: async () => {
      const init = { params: { path: { name } } };
      return (await http.POST("/api/v1/destinations/{name}/test", init)).data ?? null;
    },
    // What was found an hour ago is no test.
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  return (
    <Stack gap="sm">
      <div role="status">
        {isFetching ? (
          <Group gap="xs">
            <Loader size="xs" aria-hidden />
            <Text size="sm">{t("test.running")}</Text>
          </Group>
        ) : (
          <>
            {error && <Refusal error={messageOf(error)} />}
            {data && (
              <Alert color={data.ok ? "teal" : "red"} p="xs" mb="sm">
                {t(data.ok ? "test.ok" : "test.notOk")}
              </Alert>
            )}
            {data?.checks.map((check, n) => (
              <Line key={n} check={check} />
            ))}
          </>
        )}
      </div>
      <Group justify="space-between">
        <Text size="xs" c="dimmed">
          {t("test.text")}
        </Text>
        <Group gap="xs">
          <Button variant="default" loading={isFetching} onClick={() => void refetch()}>
            {t("test.again")}
          </Button>
          <Button onClick={onClose}>{t("common:close")}</Button>
        </Group>
      </Group>
    </Stack>
  );
}

/** What was tried, whether it worked, and what to do where it did not. */
function Line({ check }: { check: Check }) {
  const { t } = useTranslation("destinations");
  const terms = useTerms();
  const is = check.ok === null ? "open" : check.ok ? "ok" : "failed";
  const { Icon, color } = LOOKS[is];
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start" py={4} data-check={check.name} data-is={is}>
      <Icon size={18} color={color} aria-hidden style={{ flex: "none", marginTop: 2 }} />
      <Text size="sm">
        <b>{t(`check.${check.name}`, { defaultValue: check.name })}</b>{" "}
        <Text span inherit c="dimmed">
          ({t(`test.is.${is}`)})
        </Text>
        : {terms.statement(check.told, check.text)}
      </Text>
    </Group>
  );
}
