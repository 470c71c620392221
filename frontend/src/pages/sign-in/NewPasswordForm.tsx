import { Button, PasswordInput, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { Refusal } from "@/components/Refusal";
import { useSubmit } from "@/components/useSubmit";

import { text } from "./fields";

const LEAST = 12;

/** Another password for whoever is signed in; the present one is asked for unless it is known. */
export function NewPasswordForm({ known, onDone }: { known?: string; onDone: () => void }) {
  const { t } = useTranslation("signIn");
  const { submit, busy, error } = useSubmit(async (form) => {
    const renewed = text(form, "renewed");
    if (renewed !== text(form, "repeated")) throw new Error(t("differ"));
    const present = known ?? text(form, "present");
    await http.POST("/api/v1/session/password", { body: { present, new: renewed } });
    onDone();
  });

  return (
    <form onSubmit={submit}>
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
        <Refusal error={error} />
        <Button type="submit" loading={busy} fullWidth>
          {t("change")}
        </Button>
      </Stack>
    </form>
  );
}
