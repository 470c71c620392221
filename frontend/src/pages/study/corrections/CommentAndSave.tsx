import { Button, Group, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Refusal } from "@/components/Refusal";
import { LONGEST_COMMENT } from "@/viewer/editing/api";

interface Props {
  comment: string;
  onComment: (comment: string) => void;
  error: string;
  busy: boolean;
  /** Something is to be chosen before it can be saved. */
  disabled: boolean;
  onClose: () => void;
}

/** The end of every form that corrects: the person's own words, what went wrong, cancel and save. */
export function CommentAndSave({ comment, onComment, error, busy, disabled, onClose }: Props) {
  const { t } = useTranslation(["corrections", "common"]);
  return (
    <>
      <TextInput
        label={t("comment")}
        value={comment}
        maxLength={LONGEST_COMMENT}
        onChange={(event) => onComment(event.currentTarget.value)}
        autoComplete="off"
      />
      <Refusal error={error} />
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {t("common:cancel")}
        </Button>
        <Button type="submit" loading={busy} disabled={disabled}>
          {t("save")}
        </Button>
      </Group>
    </>
  );
}
