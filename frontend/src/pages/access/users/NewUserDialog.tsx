import { Button, Modal, Radio, Stack, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { useSubmit } from "@/components/useSubmit";
import { text } from "@/pages/sign-in/fields";

import { type Role, ROLES } from "./UsersTable";

interface Props {
  opened: boolean;
  onClose: () => void;
  onMade: (name: string, password: string) => void;
}

/** Makes a user; the answer holds their one-time password. */
export function NewUserDialog({ opened, onClose, onMade }: Props) {
  const { t } = useTranslation("access");
  return (
    <Modal opened={opened} onClose={onClose} title={t("users.add")}>
      <NewUserForm
        onMade={(name, password) => {
          onClose();
          onMade(name, password);
        }}
      />
    </Modal>
  );
}

function NewUserForm({ onMade }: Pick<Props, "onMade">) {
  const { t } = useTranslation("access");
  const { submit, busy, error, forget } = useSubmit(async (form) => {
    const body = { name: text(form, "name").trim(), role: text(form, "role") as Role };
    const { data } = await http.POST("/api/v1/users", { body });
    if (data) onMade(data.name, data.password);
  });

  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          name="name"
          label={t("users.name")}
          description={t("users.nameText")}
          maxLength={64}
          autoComplete="off"
          required
          data-autofocus
          error={error}
          onChange={forget}
        />
        <Radio.Group name="role" label={t("users.role")} defaultValue="viewer">
          <Stack gap="xs" mt={4}>
            {ROLES.map((role) => (
              <Radio
                key={role}
                value={role}
                label={t(`common:role.${role}`)}
                description={t(`users.may.${role}`)}
              />
            ))}
          </Stack>
        </Radio.Group>
        <Button type="submit" loading={busy}>
          {t("users.add")}
        </Button>
      </Stack>
    </form>
  );
}
