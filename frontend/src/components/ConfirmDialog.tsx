import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Refusal } from "./Refusal";
import { useRun } from "./useSubmit";

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
  const { t } = useTranslation();
  const { run, busy, error } = useRun(async () => {
    await question.run();
    onClose();
  });

  return (
    <Stack>
      <Text size="sm">{question.text}</Text>
      <Refusal error={error} />
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t("cancel")}
        </Button>
        <Button color={question.harmful ? "red" : undefined} loading={busy} onClick={run}>
          {question.action}
        </Button>
      </Group>
    </Stack>
  );
}
