import { Button, Group, List, Modal, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { http } from "@/api/client";
import { Refusal } from "@/components/Refusal";
import { useSubmit } from "@/components/useSubmit";
import { useFormat } from "@/i18n/format";

import { ofStudy, type Study } from "../queries";

interface Props {
  study: Study;
  opened: boolean;
  onClose: () => void;
}

/** Deletion cannot be undone: it says what goes, and wants a word typed. */
export function DeleteDialog({ study, opened, onClose }: Props) {
  const { t } = useTranslation("study");
  return (
    <Modal opened={opened} onClose={onClose} title={t("delete.title")} centered>
      <Form study={study} onClose={onClose} />
    </Modal>
  );
}

function Form({ study, onClose }: Omit<Props, "opened">) {
  const { t } = useTranslation("study");
  const format = useFormat();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [typed, setTyped] = useState("");
  // What tells this study from its neighbours, and is short.
  const word = study.accession_number || String(study.id);

  const { submit, busy, error } = useSubmit(async () => {
    await http.DELETE("/api/v1/studies/{study_id}", ofStudy(study.id));
    notifications.show({ message: t("delete.done"), color: "teal" });
    void queries.invalidateQueries({ queryKey: ["get", "/api/v1/studies"] });
    await navigate("/", { replace: true });
  });

  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Text size="sm">{t("delete.what")}</Text>
        <List size="sm">
          <List.Item>
            {t("delete.images", {
              count: study.instance_count,
              size: format.bytes(study.size_bytes),
            })}
          </List.Item>
          {study.has_results && <List.Item>{t("delete.results")}</List.Item>}
          <List.Item>{t("delete.row")}</List.Item>
        </List>
        <Text size="sm">{t("delete.stays")}</Text>
        <TextInput
          label={t("delete.type", { word })}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          data-autofocus
        />
        <Refusal error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("delete.keep")}
          </Button>
          <Button type="submit" color="red" loading={busy} disabled={typed.trim() !== word}>
            {t("delete.do")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
