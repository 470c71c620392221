import { Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import { http, type Schemas } from "@/api/client";
import { useMay } from "@/app/session";
import { useFormat } from "@/i18n/format";

import { actorName } from "./actorName";
import { Refusal } from "./Refusal";
import { useSubmit } from "./useSubmit";

interface Props {
  studyId: number;
  finding: Pick<
    Schemas["FindingOut"],
    "id" | "severity" | "acknowledged_at" | "acknowledged_by" | "note"
  >;
}

const LONGEST_NOTE = 2000;

/** Who has seen a finding, when, and what they said; the latest word stands. */
export function Acknowledgement({ studyId, finding }: Props) {
  const { t } = useTranslation("common");
  const format = useFormat();
  const may = useMay("operate");
  const [writing, setWriting] = useState(false);
  const at = finding.acknowledged_at;

  if (writing) return <Form studyId={studyId} finding={finding} onDone={() => setWriting(false)} />;
  return (
    <>
      {at && (
        <Text size="xs" data-acknowledged>
          <IconCheck size={13} style={{ verticalAlign: -2 }} aria-hidden />{" "}
          {t("acknowledge.by", {
            who: actorName(finding.acknowledged_by),
            when: format.dateTime(at),
          })}
          {finding.note && (
            <Text span inherit c="dimmed" style={{ whiteSpace: "pre-wrap" }}>
              {` — ${finding.note}`}
            </Text>
          )}
        </Text>
      )}
      {may && (
        <Button
          size="compact-xs"
          variant={at ? "subtle" : finding.severity === "critical" ? "filled" : "default"}
          color={!at && finding.severity === "critical" ? "red.8" : undefined}
          onClick={() => setWriting(true)}
        >
          {t(at ? "acknowledge.again" : "acknowledge.do")}
        </Button>
      )}
    </>
  );
}

function Form({ studyId, finding, onDone }: Props & { onDone: () => void }) {
  const { t } = useTranslation("common");
  const queries = useQueryClient();
  const [note, setNote] = useState(finding.note);
  const { submit, busy, error } = useSubmit(async () => {
    await http.POST("/api/v1/studies/{study_id}/findings/{finding_id}/acknowledge", {
      params: { path: { study_id: studyId, finding_id: finding.id } },
      body: { note },
    });
    await queries.invalidateQueries({ queryKey: ["get", "/api/v1/studies/{study_id}"] });
    void queries.invalidateQueries({ queryKey: ["get", "/api/v1/studies"] });
    void queries.invalidateQueries({ queryKey: ["get", "/api/v1/worklist/counts"] });
    onDone();
  });

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Escape") onDone();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey))
      event.currentTarget.form?.requestSubmit();
  };

  return (
    <form onSubmit={submit} style={{ flex: "1 1 100%" }}>
      <Stack gap={6}>
        <Textarea
          size="xs"
          label={t("acknowledge.note")}
          placeholder={t("acknowledge.example")}
          autosize
          minRows={2}
          maxLength={LONGEST_NOTE}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          // Escape closes the form, not the drawer it stands in.
          data-mantine-stop-propagation
          autoFocus
        />
        <Refusal error={error} />
        <Group gap={8}>
          <Button type="submit" size="compact-sm" loading={busy}>
            {t("acknowledge.save")}
          </Button>
          <Button size="compact-sm" variant="default" onClick={onDone}>
            {t("acknowledge.cancel")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
