import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconSignature } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { Refusal } from "@/components/Refusal";
import { useSubmit } from "@/components/useSubmit";
import { LONGEST_COMMENT } from "@/viewer/editing/api";

import { ofStudy, type Results, type Study } from "../queries";
import { useHand } from "./hand";
import { useSaving } from "./useSaving";

/** A person stands for the results, or takes that back. */
export function VerifyButton({ study, results }: { study: Study; results: Results }) {
  const { t } = useTranslation(["corrections", "common"]);
  const { overview, isAllowed } = useHand();
  const [opened, setOpened] = useState(false);
  // What is asked stays the same while the dialog closes over its answer.
  const [asked, setAsked] = useState({ title: "", verified: true });
  if (!isAllowed || !overview) return null;
  const { verified, is_current } = overview.verification;
  const takesBack = verified && is_current;
  const title = t(takesBack ? "verify.takeBack" : verified ? "verify.again" : "verify.open");
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconSignature size={16} />}
        onClick={() => {
          setAsked({ title, verified: !takesBack });
          setOpened(true);
        }}
      >
        {title}
      </Button>
      <Modal
        opened={opened}
        onClose={() => setOpened(false)}
        title={asked.title}
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        <Form
          study={study}
          results={results}
          verified={asked.verified}
          onClose={() => setOpened(false)}
        />
      </Modal>
    </>
  );
}

interface FormProps {
  study: Study;
  results: Results;
  /** What is to be said. */
  verified: boolean;
  onClose: () => void;
}

function Form({ study, results, verified, onClose }: FormProps) {
  const { t } = useTranslation(["corrections", "common"]);
  const { overview } = useHand();
  const save = useSaving(study.id);
  const [comment, setComment] = useState("");
  // Those that were on the screen when somebody decided.
  const [seen] = useState({
    base: overview?.base ?? null,
    results_at: results.provenance?.created_at ?? null,
  });
  const { submit, busy, error } = useSubmit(async () => {
    const body = { verified, comment, ...(verified ? seen : {}) };
    const init = { ...ofStudy(study.id), body };
    await save(() => http.PUT("/api/v1/studies/{study_id}/verification", init));
    notifications.show({
      message: t(verified ? "verify.done" : "verify.takenBack"),
      color: "teal",
    });
    onClose();
  });
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Text size="sm">{t(verified ? "verify.text" : "verify.takeBackText")}</Text>
        <TextInput
          label={t("comment")}
          value={comment}
          maxLength={LONGEST_COMMENT}
          onChange={(event) => setComment(event.currentTarget.value)}
          autoComplete="off"
          data-autofocus
        />
        <Refusal error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" loading={busy}>
            {t(verified ? "verify.do" : "verify.takeBack")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
