import { Button, Group, NativeSelect, SimpleGrid, Stack, Switch, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";

import { http, type Schemas } from "@/api/client";
import { Refusal } from "@/components/Refusal";
import { useSubmit } from "@/components/useSubmit";
import type { ObjectKind } from "@/delivery/deliveries";
import { ObjectChoice } from "@/delivery/ObjectChoice";
import { LANGUAGES, type Language } from "@/i18n";
import { text } from "@/pages/sign-in/fields";

import { namingFields } from "./namingFields";
import { PeerField } from "./PeerField";
import {
  type Destination,
  type DestinationIn,
  fieldsOf,
  hasSecret,
  isRequired,
  isSwitch,
  KINDS,
  type PeerKind,
  peerOf,
  valuesOf,
} from "./peers";
import { SecretField, secretOf } from "./SecretField";

interface Props {
  destination?: Destination;
  kinds: readonly Schemas["PeerKind"][];
  onSaved: (name: string) => void;
  cancel: ReactNode;
}

/** What there is to say of a destination; its kind decides what is asked. */
export function DestinationForm({ destination, kinds, onSaved, cancel }: Props) {
  const { t, i18n } = useTranslation(["destinations", "delivery"]);
  const [kind, setKind] = useState<PeerKind>(destination?.peer.kind ?? "dicom");
  const [values, setValues] = useState(() => valuesOf(kind, destination?.peer));
  const [objects, setObjects] = useState<ObjectKind[]>(destination?.objects ?? []);
  const { takes = [], usual = [] } = kinds.find((one) => one.kind === kind) ?? {};
  const fields = fieldsOf(kind, values);

  const chooseKind = (chosen: PeerKind) => {
    setKind(chosen);
    setValues(valuesOf(chosen, destination?.peer));
    setObjects(destination?.peer.kind === chosen ? destination.objects : []);
  };
  const { submit, busy, error, forget } = useSubmit(async (form) => {
    const body: DestinationIn = {
      name: text(form, "name").trim(),
      peer: peerOf(kind, values, destination?.peer),
      secret: hasSecret(kind) ? secretOf(form) : "",
      language: text(form, "language") as Language,
      objects,
      enabled: form.has("enabled"),
    };
    const path = { name: destination?.name ?? "" };
    const asked = destination
      ? http.PUT("/api/v1/destinations/{name}", { params: { path }, body })
      : http.POST("/api/v1/destinations", { body });
    await namingFields(asked, (wrong) =>
      t("form.wrong", {
        fields: wrong.map((one) => t(`field.${one}`, { defaultValue: one })).join(", "),
      }),
    );
    onSaved(body.name);
  });
  const field = (name: (typeof fields)[number]) => (
    <PeerField
      key={name}
      field={name}
      value={values[name]}
      onChange={(value) => setValues({ ...values, [name]: value })}
    />
  );

  return (
    <form onSubmit={submit} onChange={forget}>
      <Stack gap="sm">
        <NativeSelect
          label={t("form.kind")}
          description={t(`kindText.${kind}`)}
          value={kind}
          onChange={(event) => chooseKind(event.currentTarget.value as PeerKind)}
          data={KINDS.map((one) => ({ value: one, label: t(`kind.${one}`) }))}
        />
        <TextInput
          name="name"
          label={t("destinations.name")}
          description={t("destinations.nameText")}
          defaultValue={destination?.name}
          maxLength={64}
          required
          autoComplete="off"
          data-autofocus
        />
        <SimpleGrid
          cols={{ base: 1, xs: fields.filter(isRequired).length > 1 ? 2 : 1 }}
          spacing="sm"
        >
          {fields.filter(isRequired).map(field)}
        </SimpleGrid>
        {hasSecret(kind) && (
          <SecretField
            key={kind}
            label={t(`secret.${kind as "fhir"}`)}
            isKept={destination?.peer.kind === kind && destination.has_secret}
          />
        )}
        {fields.filter((name) => !isRequired(name) && isSwitch(name)).map(field)}
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" style={{ alignItems: "end" }}>
          {fields.filter((name) => !isRequired(name) && !isSwitch(name)).map(field)}
          <NativeSelect
            name="language"
            label={t("form.language")}
            defaultValue={destination?.language ?? i18n.language}
            data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
          />
        </SimpleGrid>
        <ObjectChoice
          label={t("form.objects")}
          description={t("form.objectsText", {
            usual: usual.map((one) => t(`delivery:short.${one}`)).join(", "),
          })}
          takes={takes}
          value={objects}
          onChange={setObjects}
        />
        <Switch
          name="enabled"
          label={t("form.enabled")}
          description={t("form.enabledText")}
          defaultChecked={destination?.enabled ?? true}
        />
        <Refusal error={error} />
        <Group justify="flex-end">
          {cancel}
          <Button type="submit" loading={busy}>
            {t("destinations.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
