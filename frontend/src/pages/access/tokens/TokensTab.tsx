import { Button, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { api, http } from "@/api/client";
import { ConfirmDialog, type Question } from "@/components/ConfirmDialog";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Waiting } from "@/components/Waiting";

import { type Secret, SecretDialog } from "../SecretDialog";
import { NewTokenDialog } from "./NewTokenDialog";
import { TokensTable } from "./TokensTable";

/** What programs sign in with. */
export function TokensTab() {
  const { t } = useTranslation("access");
  const { data, error, refetch } = api.useQuery("get", "/api/v1/tokens");
  const [adding, { open, close }] = useDisclosure();
  const [question, setQuestion] = useState<Question | null>(null);
  const [secret, setSecret] = useState<Secret | null>(null);

  const askRevoke = (name: string) =>
    setQuestion({
      title: t("tokens.revokeTitle", { name }),
      text: t("tokens.revokeText"),
      action: t("tokens.revoke"),
      harmful: true,
      run: async () => {
        await http.DELETE("/api/v1/tokens/{name}", { params: { path: { name } } });
        await refetch();
      },
    });

  if (!data) return error ? <ErrorPanel error={error} retry={() => void refetch()} /> : <Waiting />;
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text size="sm" c="dimmed">
          {t("tokens.text")}
        </Text>
        <Button leftSection={<IconPlus size={16} />} onClick={open}>
          {t("tokens.add")}
        </Button>
      </Group>
      {data.tokens.length === 0 ? (
        <Text size="sm">{t("tokens.none")}</Text>
      ) : (
        <TokensTable tokens={data.tokens} onRevoke={askRevoke} />
      )}
      <NewTokenDialog
        opened={adding}
        onClose={close}
        onMade={(name, made) => {
          setSecret({
            title: t("tokens.secretTitle", { name }),
            text: t("tokens.secretText"),
            label: t("tokens.secret"),
            secret: made,
          });
          void refetch();
        }}
      />
      <ConfirmDialog question={question} onClose={() => setQuestion(null)} />
      <SecretDialog secret={secret} onClose={() => setSecret(null)} />
    </>
  );
}
