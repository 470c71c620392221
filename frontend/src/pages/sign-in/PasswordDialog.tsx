import { Modal } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";

import { NewPasswordForm } from "./NewPasswordForm";

export function PasswordDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation("signIn");
  const done = () => {
    notifications.show({ message: t("changed"), color: "teal" });
    onClose();
  };
  return (
    <Modal opened={opened} onClose={onClose} title={t("changeTitle")}>
      <NewPasswordForm onDone={done} />
    </Modal>
  );
}
