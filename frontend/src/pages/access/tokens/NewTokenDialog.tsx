import { Button, Checkbox, Modal, NumberInput, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { useSubmit } from "@/components/useSubmit";
import { text } from "@/pages/sign-in/fields";

import { type Scope, SCOPES } from "./tokens";

const MOST_DAYS = 3660;

interface Props {
  opened: boolean;
  onClose: () => void;
  onMade: (name: string, secret: string) => void;
}

/** Makes a token for a program; its secret is in the answer, and nowhere else. */
export function NewTokenDialog({ opened, onClose, onMade }: Props) {
  const { t } = useTranslation("access");
  return (
    <Modal opened={opened} onClose={onClose} title={t("tokens.add")}>
      <NewTokenForm
        onMade={(name, secret) => {
          onClose();
          onMade(name, secret);
        }}
      />
    </Modal>
  );
}

function NewTokenForm({ onMade }: Pick<Props, "onMade">) {
  const { t } = useTranslation("access");
  const [scopes, setScopes] = useState<string[]>([]);
  const [days, setDays] = useState<number | string>("");
  const [unscoped, setUnscoped] = useState(false);
  const { submit, busy, error, forget } = useSubmit(async (form) => {
    setUnscoped(scopes.length === 0);
    if (scopes.length === 0) return;
    const body = {
      name: text(form, "name").trim(),
      scopes: scopes as Scope[],
      days: days === "" ? null : Number(days),
    };
    const { data } = await http.POST("/api/v1/tokens", { body });
    if (data) onMade(data.token.name, data.secret);
  });

  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          name="name"
          label={t("tokens.name")}
          description={t("tokens.nameText")}
          maxLength={64}
          autoComplete="off"
          required
          data-autofocus
          error={error}
          onChange={forget}
        />
        <Checkbox.Group
          label={t("tokens.scopes")}
          value={scopes}
          onChange={setScopes}
          error={unscoped && scopes.length === 0 && t("tokens.noScope")}
        >
          <Stack gap="xs" mt={4}>
            {SCOPES.map((scope) => (
              <Checkbox
                key={scope}
                value={scope}
                label={scope}
                description={t(`tokens.may.${scope}`)}
              />
            ))}
          </Stack>
        </Checkbox.Group>
        <NumberInput
          label={t("tokens.days")}
          description={t("tokens.daysText")}
          value={days}
          onChange={setDays}
          min={1}
          max={MOST_DAYS}
          allowDecimal={false}
          clampBehavior="strict"
        />
        <Button type="submit" loading={busy}>
          {t("tokens.add")}
        </Button>
      </Stack>
    </form>
  );
}
