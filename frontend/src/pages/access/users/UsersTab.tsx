import { Button, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { api, http } from "@/api/client";
import { ConfirmDialog, type Question } from "@/components/ConfirmDialog";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Waiting } from "@/components/Waiting";

import { type Secret, SecretDialog } from "../SecretDialog";
import { NewUserDialog } from "./NewUserDialog";
import { type Role, type User, UsersTable } from "./UsersTable";

/** The people: make them, give them a role, shut them out, help them in again. */
export function UsersTab() {
  const { t } = useTranslation("access");
  const { data, error, refetch } = api.useQuery("get", "/api/v1/users");
  const [adding, { open, close }] = useDisclosure();
  const [question, setQuestion] = useState<Question | null>(null);
  const [secret, setSecret] = useState<Secret | null>(null);

  const showPassword = (name: string, password: string) => {
    setSecret({
      title: t("users.passwordTitle", { name }),
      text: t("users.passwordText"),
      label: t("users.password"),
      secret: password,
    });
    void refetch();
  };
  const change = async (name: string, body: { role?: Role; disabled?: boolean }) => {
    await http.PATCH("/api/v1/users/{name}", { params: { path: { name } }, body });
    await refetch();
  };
  const askRole = (user: User, role: Role) =>
    setQuestion({
      title: t("users.roleTitle", { name: user.name, role: t(`common:role.${role}`) }),
      text: t(`users.may.${role}`),
      action: t("users.roleAction"),
      run: () => change(user.name, { role }),
    });
  const askDisabled = (user: User) =>
    setQuestion({
      title: t(user.disabled ? "users.enableTitle" : "users.disableTitle", { name: user.name }),
      text: t(user.disabled ? "users.enableText" : "users.disableText"),
      action: t(user.disabled ? "users.enable" : "users.disable"),
      harmful: !user.disabled,
      run: () => change(user.name, { disabled: !user.disabled }),
    });
  const askPassword = (user: User) =>
    setQuestion({
      title: t("users.resetTitle", { name: user.name }),
      text: t("users.resetText"),
      action: t("users.reset"),
      run: async () => {
        const path = { name: user.name };
        const made = await http.POST("/api/v1/users/{name}/password", { params: { path } });
        if (made.data) showPassword(made.data.name, made.data.password);
      },
    });

  if (!data) return error ? <ErrorPanel error={error} retry={() => void refetch()} /> : <Waiting />;
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text size="sm" c="dimmed">
          {t("users.text")}
        </Text>
        <Button leftSection={<IconUserPlus size={16} />} onClick={open}>
          {t("users.add")}
        </Button>
      </Group>
      <UsersTable
        users={data.users}
        onRole={askRole}
        onDisabled={askDisabled}
        onPassword={askPassword}
      />
      <NewUserDialog opened={adding} onClose={close} onMade={showPassword} />
      <ConfirmDialog question={question} onClose={() => setQuestion(null)} />
      <SecretDialog secret={secret} onClose={() => setSecret(null)} />
    </>
  );
}
