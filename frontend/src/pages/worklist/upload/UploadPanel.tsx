import { ActionIcon, Button, CloseButton, Group, Progress, Text } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import type { Accepted } from "./messages";
import classes from "./UploadPanel.module.css";
import {
  cancelUpload,
  forgetFinished,
  isOver,
  retryUpload,
  type Upload,
  useUploads,
} from "./uploads";

/** How the uploads of this tab get on. */
export function UploadPanel() {
  const { t } = useTranslation("worklist");
  const uploads = useUploads();
  if (uploads.length === 0) return null;
  return (
    <section className={classes.panel} aria-label={t("upload.panel")}>
      <Group justify="space-between">
        <Text size="sm" fw={600}>
          {t("upload.panel")}
        </Text>
        {uploads.some(isOver) && (
          <CloseButton size="sm" onClick={forgetFinished} aria-label={t("upload.hide")} />
        )}
      </Group>
      {uploads.map((upload) => (
        <UploadLine key={upload.id} upload={upload} />
      ))}
    </section>
  );
}

function UploadLine({ upload }: { upload: Upload }) {
  const { t } = useTranslation("worklist");
  const { phase, parcel } = upload;
  const name =
    parcel.kind === "zip"
      ? parcel.files[0]?.name
      : t("upload.files", { count: parcel.files.length });
  const share = upload.total > 0 ? upload.done / upload.total : 0;
  return (
    <div className={classes.upload}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" className={classes.name}>
          {name}
          {upload.stat && ` · ${t("row.stat")}`}
        </Text>
        {!isOver(upload) && (
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            onClick={() => cancelUpload(upload.id)}
            aria-label={t("upload.cancel")}
          >
            <IconX size={14} />
          </ActionIcon>
        )}
      </Group>
      <div role="status">
        <Status upload={upload} />
      </div>
      {(phase === "packing" || phase === "sending" || phase === "storing") && (
        <Progress.Root size="sm" mt={4}>
          <Progress.Section
            value={phase === "storing" ? 100 : 100 * share}
            animated={phase === "storing"}
            aria-label={t(`upload.${phase}`)}
          />
        </Progress.Root>
      )}
      {(phase === "failed" || phase === "cancelled") && (
        <Button size="compact-xs" variant="light" mt={4} onClick={() => retryUpload(upload.id)}>
          {t("upload.retry")}
        </Button>
      )}
    </div>
  );
}

function Status({ upload }: { upload: Upload }) {
  const { t } = useTranslation("worklist");
  const format = useFormat();
  const { phase, speed, accepted, failure } = upload;
  if (accepted) return <Result accepted={accepted} />;
  if (failure)
    return (
      <Text size="xs" className={classes.failed}>
        {failure.detail || t(`upload.${failure.reason}`)}
      </Text>
    );
  const parts = [
    t(`upload.${phase}`),
    `${format.bytes(upload.done)} / ${format.bytes(upload.total)}`,
  ];
  if (speed) {
    const left = format.duration((upload.total - upload.done) / speed);
    parts.push(t("upload.speed", { speed: format.bytes(speed) }), t("upload.left", { time: left }));
  }
  const moving = phase === "packing" || phase === "sending";
  return (
    <Text size="xs" c="dimmed" className="tabular">
      {moving ? parts.join(" · ") : parts[0]}
    </Text>
  );
}

function Result({ accepted }: { accepted: Accepted }) {
  const { t } = useTranslation("worklist");
  const terms = useTerms();
  const { studies, instances, unusable, passed_over: passedOver } = accepted;
  const others = Object.values(passedOver).reduce((sum, count) => sum + count, 0);
  const damaged = unusable - others;
  const reasons = Object.entries(passedOver).map(
    ([reason, count]) => `${count} × ${terms.file(reason)}`,
  );
  return (
    <Group gap={8}>
      <Text size="xs">
        {instances > 0
          ? `${t("upload.newImages", { count: instances })} ${t("upload.studies", { count: studies.length })}`
          : t("upload.known")}
        {damaged > 0 && `; ${t("upload.unusable", { count: damaged })}`}
        {others > 0 && `; ${t("upload.passedOver", { count: others })} (${reasons.join(", ")})`}
      </Text>
      {studies.length === 1 && (
        <Text size="xs" component={Link} to={`/studies/${studies[0]}`} c="bifrost">
          {t("upload.open")}
        </Text>
      )}
    </Group>
  );
}
