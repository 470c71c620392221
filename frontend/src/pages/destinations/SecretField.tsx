import { Checkbox, PasswordInput, Stack } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { text } from "@/pages/sign-in/fields";

/** What is sent of it: a new one, none any more (empty), or null: as it is. */
export function secretOf(form: FormData): string | null {
  if (form.has("forget-secret")) return "";
  return text(form, "secret") || null;
}

/** A password, token or key: it can be given, changed and removed, never read. */
export function SecretField({ label, isKept }: { label: string; isKept: boolean }) {
  const { t } = useTranslation("destinations");
  const [isForgotten, setForgotten] = useState(false);
  return (
    <Stack gap={6}>
      <PasswordInput
        name="secret"
        label={label}
        description={t(isKept ? "secret.kept" : "secret.text")}
        maxLength={4000}
        autoComplete="new-password"
        disabled={isForgotten}
      />
      {isKept && (
        <Checkbox
          name="forget-secret"
          size="sm"
          label={t("secret.forget")}
          checked={isForgotten}
          onChange={(event) => setForgotten(event.currentTarget.checked)}
        />
      )}
    </Stack>
  );
}
