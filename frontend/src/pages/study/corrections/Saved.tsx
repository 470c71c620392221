import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useTerms } from "@/terms";

import type { Study } from "../queries";
import { Changes } from "./Changes";
import type { Correction } from "./queries";

interface Props {
  study: Study;
  correction: Correction;
  onClose: () => void;
}

/** What came of a correction: old and new numbers, or why they could not follow. */
export function Saved({ study, correction, onClose }: Props) {
  const { t } = useTranslation(["corrections", "common"]);
  const terms = useTerms();
  const { state, error, notes, number } = correction;
  return (
    <Stack gap="sm">
      {state === "failed" && (
        <Alert color="red" p="xs" role="alert">
          {terms.statement(error, t("state.failed"))}
        </Alert>
      )}
      {state === "pending" && <Text size="sm">{t("saved.later")}</Text>}
      {notes.map((note) => (
        <Alert key={note.code} color="yellow" variant="light" p="xs">
          {terms.statement(note, note.code)}
        </Alert>
      ))}
      {state === "applied" && <Changes study={study} number={number} />}
      <Group justify="flex-end">
        <Button onClick={onClose} data-autofocus>
          {t("common:close")}
        </Button>
      </Group>
    </Stack>
  );
}
