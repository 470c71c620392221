import {
  Alert,
  Button,
  Center,
  Paper,
  PasswordInput,
  Stack,
  TextInput,
  Title,
} from "@mantine/core";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import { http, type Schemas, setCsrfToken } from "@/api/client";
import { messageOf } from "@/api/errors";
import icon from "@/app/icon.svg";

import { text } from "./fields";
import { NewPasswordForm } from "./NewPasswordForm";

interface Props {
  /** Who is signed in already, but with a one-time password. */
  renew: Schemas["WhoAmI"] | null;
  /** That one-time password, where it was entered a moment ago. */
  oneTime: string | undefined;
  onSignedIn: (oneTime?: string) => void;
}

/** Name and password; a one-time password is changed before anything else. */
export function SignInPage({ renew, oneTime, onSignedIn }: Props) {
  const { t } = useTranslation("signIn");
  return (
    <Center component="main" mih="100vh" p="md">
      <title>Heimdallr</title>
      <Paper withBorder p="xl" w={380} maw="100%">
        <Stack>
          <Stack align="center" gap="xs">
            <img src={icon} alt="" width={56} height={56} />
            <Title order={1} size="h3">
              Heimdallr
            </Title>
          </Stack>
          {renew ? (
            <>
              <Alert color="yellow">{t("oneTime")}</Alert>
              <NewPasswordForm known={oneTime} onDone={() => onSignedIn()} />
            </>
          ) : (
            <CredentialsForm onDone={onSignedIn} />
          )}
        </Stack>
      </Paper>
    </Center>
  );
}

function CredentialsForm({ onDone }: { onDone: Props["onSignedIn"] }) {
  const { t } = useTranslation("signIn");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [name, password] = [text(form, "name"), text(form, "password")];
    setBusy(true);
    setError("");
    try {
      const { data } = await http.POST("/api/v1/session", { body: { name, password } });
      setCsrfToken(data?.csrf_token ?? null);
      onDone(data?.must_change_password ? password : undefined);
    } catch (refused) {
      setError(messageOf(refused));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <TextInput name="name" label={t("name")} autoComplete="username" required autoFocus />
        <PasswordInput
          name="password"
          label={t("password")}
          autoComplete="current-password"
          required
        />
        {error && (
          <Alert color="red" role="alert">
            {error}
          </Alert>
        )}
        <Button type="submit" loading={busy} fullWidth>
          {t("signIn")}
        </Button>
      </Stack>
    </form>
  );
}
