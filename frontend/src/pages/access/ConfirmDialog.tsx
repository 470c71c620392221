import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { messageOf } from "@/api/errors";

export interface Question {
  title: string;
  text: string;
  /** On the button that does it. */
  action: string;
  harmful?: boolean;
  /** Closes the dialog when it went well; what is thrown is shown in it. */
  run: () => Promise<unknown>;
}

/** Asks before something that hurts; says why when it was refused. */
export function ConfirmDialog({
  question,
  onClose,
}: {
  question: Question | null;
  onClose: () => void;
}) {
  return (
    <Modal opened={question !== null} onClose={onClose} title={question?.title}>
      {question && <Ask key={question.title} question={question} onClose={onClose} />}
    </Modal>
  );
}

function Ask({ question, onClose }: { question: Question; onClose: () => void }) {
  const { t } = useTranslation("access");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  const run = async () => {
    setBusy(true);
    setError("");
    try {
      await question.run();
      onClose();
    } catch (refused) {
      setError(messageOf(refused));
      setBusy(false);
    }
  };

  return (
    <Stack>
      <Text size="sm">{question.text}</Text>
      {error && (
        <Alert color="red" role="alert">
          {error}
        </Alert>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t("cancel")}
        </Button>
        <Button
          color={question.harmful ? "red" : undefined}
          loading={busy}
          onClick={() => void run()}
        >
          {question.action}
        </Button>
      </Group>
    </Stack>
  );
}
