import { Modal, Radio, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { useSubmit } from "@/components/useSubmit";
import { capitalised, useTerms } from "@/terms";

import { ofStudy } from "../queries";
import { CommentAndSave } from "./CommentAndSave";
import type { Subject } from "./hand";
import type { Reason } from "./queries";
import { useSaving, useTold } from "./useSaving";

/** What fits most often comes first. */
const REASONS: Record<Subject["kind"], readonly Reason[]> = {
  structure: ["wrong_extent", "wrong_structure", "artefact", "not_clinically_relevant", "other"],
  measurement: [
    "wrong_extent",
    "wrong_level",
    "wrong_structure",
    "artefact",
    "not_clinically_relevant",
    "other",
  ],
  finding: [
    "not_clinically_relevant",
    "wrong_extent",
    "wrong_level",
    "wrong_structure",
    "artefact",
    "other",
  ],
};

interface Props {
  studyId: number;
  subject: Subject | null;
  onClose: () => void;
}

/** "Not believed", with one of a few reasons; it stays on record, and can be taken back. */
export function NotBelievedDialog({ studyId, subject, onClose }: Props) {
  const { t } = useTranslation(["corrections", "common"]);
  return (
    <Modal
      opened={subject !== null}
      onClose={onClose}
      title={subject && t("reject.title", { what: subject.label })}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      {subject && <Form studyId={studyId} subject={subject} onClose={onClose} />}
    </Modal>
  );
}

function Form({ studyId, subject, onClose }: Omit<Props, "subject"> & { subject: Subject }) {
  const { t } = useTranslation(["corrections", "common"]);
  const terms = useTerms();
  const save = useSaving(studyId);
  const told = useTold();
  const { kind, name } = subject;
  const [reason, setReason] = useState<Reason | null>(null);
  const [comment, setComment] = useState("");
  const { submit, busy, error } = useSubmit(async () => {
    if (!reason) return;
    const body = { reject: [{ kind, name, reason }], restore: [], comment };
    const init = { ...ofStudy(studyId), body };
    told(await save(() => http.POST("/api/v1/studies/{study_id}/corrections/rejections", init)));
    onClose();
  });
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Text size="sm">{t(`reject.text.${kind}`)}</Text>
        <Radio.Group
          label={t("reject.why")}
          value={reason ?? ""}
          onChange={(value) => setReason(value as Reason)}
        >
          <Stack gap={6} mt={4}>
            {REASONS[kind].map((one, n) => (
              <Radio
                key={one}
                value={one}
                label={capitalised(terms.rejection(one))}
                data-autofocus={n === 0 ? true : undefined}
              />
            ))}
          </Stack>
        </Radio.Group>
        <CommentAndSave
          comment={comment}
          onComment={setComment}
          error={error}
          busy={busy}
          disabled={!reason}
          onClose={onClose}
        />
      </Stack>
    </form>
  );
}
