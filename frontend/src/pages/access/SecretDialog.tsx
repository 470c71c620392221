import { Alert, Button, Modal, Stack, Text } from "@mantine/core";
import { IconEyeOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { CopyText } from "@/components/CopyText";

export interface Secret {
  title: string;
  text: string;
  /** What it is: a one-time password, a token. */
  label: string;
  secret: string;
}

/** A secret, shown this once; it is not closed by accident. */
export function SecretDialog({ secret, onClose }: { secret: Secret | null; onClose: () => void }) {
  const { t } = useTranslation("access");
  return (
    <Modal
      opened={secret !== null}
      onClose={onClose}
      title={secret?.title}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      {secret && (
        <Stack>
          <Text size="sm">{secret.text}</Text>
          <CopyText text={secret.secret} label={secret.label} />
          <Alert color="yellow" icon={<IconEyeOff />} p="xs">
            {t("once")}
          </Alert>
          <Button onClick={onClose} data-autofocus>
            {t("taken")}
          </Button>
        </Stack>
      )}
    </Modal>
  );
}
