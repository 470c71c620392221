import {
  Alert,
  Button,
  Fieldset,
  Group,
  NativeSelect,
  Radio,
  Stack,
  TextInput,
} from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { Refusal } from "@/components/Refusal";
import { useSubmit } from "@/components/useSubmit";
import type { ObjectKind } from "@/delivery/deliveries";
import { ObjectChoice } from "@/delivery/ObjectChoice";
import { text } from "@/pages/sign-in/fields";
import { useTerms } from "@/terms";

import { ConditionFields } from "./ConditionFields";
import { namingFields } from "./namingFields";
import { type Destination, objectsOf } from "./peers";
import {
  type Conditions,
  NO_CONDITIONS,
  OF_FAILURES,
  objectsOfRule,
  type Rule,
  type RuleIn,
  ruleText,
  type When,
  WHENS,
} from "./rules";

interface Props {
  rule?: Rule;
  position: number;
  destinations: readonly Destination[];
  onSaved: () => void;
  cancel: ReactNode;
}

/** When, of which studies, what, to whom; and all of it as a sentence. */
export function RuleForm({ rule, position, destinations, onSaved, cancel }: Props) {
  const { t } = useTranslation(["destinations", "delivery"]);
  const { t: words } = useTranslation("destinations");
  const terms = useTerms();
  const [when, setWhen] = useState<When>(rule?.when ?? "results");
  const [conditions, setConditions] = useState<Conditions>(rule?.conditions ?? NO_CONDITIONS);
  const [to, setTo] = useState(rule?.destination ?? destinations[0]?.name ?? "");
  const [objects, setObjects] = useState<readonly ObjectKind[]>(rule?.objects ?? []);

  const destination = destinations.find(({ name }) => name === to);
  const takes = (destination?.takes ?? []).filter(
    (kind) => when !== "failed" || kind === OF_FAILURES,
  );
  const chosen = objects.filter((kind) => takes.includes(kind));
  const usual = objectsOfRule({ when, objects: [] }, destination ? objectsOf(destination) : []);
  const names = (kinds: readonly ObjectKind[]) =>
    kinds.map((kind) => t(`delivery:short.${kind}`)).join(", ") || "—";

  const { submit, busy, error, forget } = useSubmit(async (form) => {
    const body: RuleIn = {
      name: text(form, "name").trim(),
      destination: to,
      when,
      conditions,
      objects: chosen,
      position,
      enabled: rule?.enabled ?? true,
    };
    const path = { name: rule?.name ?? "" };
    const asked = rule
      ? http.PUT("/api/v1/delivery-rules/{name}", { params: { path }, body })
      : http.POST("/api/v1/delivery-rules", { body });
    await namingFields(asked, (wrong) =>
      t("form.wrong", {
        fields: wrong.map((one) => t(`rules.${one}`, { defaultValue: one })).join(", "),
      }),
    );
    onSaved();
  });

  return (
    <form onSubmit={submit} onChange={forget}>
      <Stack gap="sm">
        <TextInput
          name="name"
          label={t("rules.name")}
          description={t("destinations.nameText")}
          defaultValue={rule?.name}
          maxLength={64}
          required
          autoComplete="off"
          data-autofocus
        />
        <Radio.Group label={t("rules.when")} value={when} onChange={(value) => setWhen(value)}>
          <Stack gap="xs" mt={4}>
            {WHENS.map((one) => (
              <Radio
                key={one}
                value={one}
                label={t(`rules.whens.${one}`)}
                description={t(`rules.whensText.${one}`, { defaultValue: "" }) || undefined}
              />
            ))}
          </Stack>
        </Radio.Group>
        <Fieldset legend={t("rules.conditions")}>
          <ConditionFields conditions={conditions} onChange={setConditions} />
        </Fieldset>
        <NativeSelect
          label={t("rules.destination")}
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
          data={destinations.map(({ name }) => name)}
        />
        <ObjectChoice
          label={t("rules.objects")}
          description={t("rules.objectsText", { usual: names(usual) })}
          takes={takes}
          value={chosen}
          onChange={setObjects}
        />
        <Alert variant="light" p="xs" role="status">
          {ruleText({ when, conditions }, words, terms, terms.language)} →{" "}
          {names(chosen.length > 0 ? chosen : usual)} → <b>{to}</b>
        </Alert>
        <Refusal error={error} />
        <Group justify="flex-end">
          {cancel}
          <Button type="submit" loading={busy}>
            {t("rules.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
