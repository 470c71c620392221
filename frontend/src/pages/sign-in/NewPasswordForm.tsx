import { Alert, Button, PasswordInput, Stack } from "@mantine/core";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { messageOf } from "@/api/errors";

import { text } from "./fields";

const LEAST = 12;

/** Another password for whoever is signed in; the present one is asked for unless it is known. */
export function NewPasswordForm({ known, onDone }: { known?: string; onDone: () => void }) {
  const { t } = useTranslation("signIn");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const renewed = text(form, "renewed");
    if (renewed !== text(form, "repeated")) {
      setError(t("differ"));
      return;
    }
    setBusy(true);
    setError("");
    try {
      const present = known ?? text(form, "present");
      await http.POST("/api/v1/session/password", { body: { present, new: renewed } });
      onDone();
    } catch (refused) {
      setError(messageOf(refused));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        {known === undefined && (
          <PasswordInput
            name="present"
            label={t("present")}
            autoComplete="current-password"
            required
          />
        )}
        <PasswordInput
          name="renewed"
          label={t("renewed", { count: LEAST })}
          autoComplete="new-password"
          minLength={LEAST}
          required
        />
        <PasswordInput
          name="repeated"
          label={t("repeated")}
          autoComplete="new-password"
          minLength={LEAST}
          required
        />
        {error && (
          <Alert color="red" role="alert">
            {error}
          </Alert>
        )}
        <Button type="submit" loading={busy} fullWidth>
          {t("change")}
        </Button>
      </Stack>
    </form>
  );
}
