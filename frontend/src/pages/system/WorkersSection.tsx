import { Anchor, Badge, Group, Paper, Progress, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Schemas } from "@/api/client";
import { Ago } from "@/components/Ago";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Facts } from "@/components/Facts";
import { Section } from "@/components/Section";
import { Waiting } from "@/components/Waiting";
import { useFormat } from "@/i18n/format";

import { useWorkers } from "./queries";

type Worker = Schemas["WorkerOut"];
type Hardware = Schemas["Hardware"];

/** The processes that work on studies: alive or not, on which device, on what. */
export function WorkersSection() {
  const { t } = useTranslation("system");
  const { data, error } = useWorkers();
  return (
    <Section title={t("workers.title")}>
      {error && <ErrorPanel error={error} />}
      {data ? (
        <Stack gap="sm">
          {data.workers.length === 0 && <Text size="sm">{t("workers.none")}</Text>}
          {data.workers.map((worker) => (
            <OneWorker key={worker.name} worker={worker} />
          ))}
        </Stack>
      ) : (
        !error && <Waiting />
      )}
    </Section>
  );
}

function OneWorker({ worker }: { worker: Worker }) {
  const { t } = useTranslation("system");
  return (
    <Paper withBorder p="sm" bg="transparent">
      <Group justify="space-between" mb="xs" gap="xs">
        <Group gap="xs">
          <Text fw={600} size="sm">
            {worker.host}
          </Text>
          <Badge color={worker.alive ? "teal" : "red"} variant="light">
            {t(worker.alive ? "workers.alive" : "workers.gone")}
          </Badge>
        </Group>
        <Text size="xs" c="dimmed">
          {t("workers.seen")} <Ago at={worker.last_seen_at} />
        </Text>
      </Group>
      <Facts
        facts={[
          [t("workers.device"), <Device key="device" hardware={worker.hardware} />],
          [t("workers.process"), `${worker.pid} · ${t("workers.version")} ${worker.version}`],
          [t("workers.since"), <Ago key="since" at={worker.started_at} />],
          [
            t("workers.load"),
            t("workers.loadOf", { count: worker.runs.length, parallel: worker.parallel }),
          ],
        ]}
      />
      {worker.runs.length > 0 && (
        <Stack gap={4} mt="xs">
          {worker.runs.map((run) => (
            <CurrentRun key={run.study_id} run={run} />
          ))}
        </Stack>
      )}
    </Paper>
  );
}

function Device({ hardware }: { hardware: Hardware | null }) {
  const { t } = useTranslation("system");
  const format = useFormat();
  if (!hardware) return t("workers.deviceUnknown");
  const gpus = hardware.gpus.map((gpu) => `${gpu.name}, ${format.bytes(gpu.memory_bytes)}`);
  const machine = t("workers.machine", {
    processor: hardware.processor,
    count: hardware.cores,
    memory: format.bytes(hardware.memory_bytes),
  });
  return (
    <>
      {[...gpus, machine].join(" · ")}
      <Text size="xs" c="dimmed">
        {`${hardware.device} · ${hardware.backend} · ${hardware.precision}`}
      </Text>
    </>
  );
}

function CurrentRun({ run }: { run: Schemas["CurrentRunOut"] }) {
  const { t } = useTranslation(["system", "terms"]);
  const format = useFormat();
  const name = t("study", { number: run.study_id });
  return (
    <Group gap="sm" wrap="nowrap">
      <Anchor component={Link} to={`/studies/${run.study_id}`} size="sm" flex="none">
        {name}
      </Anchor>
      <Text size="sm" flex="none" w={110}>
        {t(`terms:state.${run.state}`)}
      </Text>
      <Progress value={run.progress * 100} flex={1} aria-label={name} />
      <Text size="xs" c="dimmed" className="tabular" w={40} ta="right">
        {format.percent(run.progress)}
      </Text>
    </Group>
  );
}
