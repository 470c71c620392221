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
import { useTranslation } from "react-i18next";

import { http, type Schemas, setCsrfToken } from "@/api/client";
import icon from "@/app/icon.svg";
import { Refusal } from "@/components/Refusal";
import { useSubmit } from "@/components/useSubmit";

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
  const { submit, busy, error } = useSubmit(async (form) => {
    const [name, password] = [text(form, "name"), text(form, "password")];
    const { data } = await http.POST("/api/v1/session", { body: { name, password } });
    setCsrfToken(data?.csrf_token ?? null);
    onDone(data?.must_change_password ? password : undefined);
  });

  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput name="name" label={t("name")} autoComplete="username" required autoFocus />
        <PasswordInput
          name="password"
          label={t("password")}
          autoComplete="current-password"
          required
        />
        <Refusal error={error} />
        <Button type="submit" loading={busy} fullWidth>
          {t("signIn")}
        </Button>
      </Stack>
    </form>
  );
}
