import { Button, FileButton, Stack, Text } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { messageOf } from "@/api/errors";
import { Refusal } from "@/components/Refusal";

import { ofStudy } from "../queries";
import { useSaving } from "./useSaving";

/** Masks from another tool: they become a proposal, nothing changes before it is accepted. */
export function ProposalUpload({ studyId }: { studyId: number }) {
  const { t } = useTranslation("corrections");
  const save = useSaving(studyId);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");

  const send = async (files: File[]) => {
    if (files.length === 0) return;
    setBusy(true);
    setError("");
    const form = new FormData();
    for (const file of files) form.append("files", file, file.name);
    try {
      await save(() =>
        http.POST("/api/v1/studies/{study_id}/corrections/proposals", {
          ...ofStudy(studyId),
          body: form as never,
          bodySerializer: () => form,
        }),
      );
    } catch (refused) {
      setError(messageOf(refused));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Stack gap={4} align="flex-end" maw={420}>
      <FileButton multiple accept=".dcm,.nii,.gz,.json,application/dicom" onChange={send}>
        {(props) => (
          <Button
            {...props}
            size="xs"
            variant="default"
            leftSection={<IconUpload size={15} />}
            loading={busy}
          >
            {t("upload.open")}
          </Button>
        )}
      </FileButton>
      <Text size="xs" c="dimmed" ta="end">
        {t("upload.text")}
      </Text>
      <Refusal error={error} />
    </Stack>
  );
}
