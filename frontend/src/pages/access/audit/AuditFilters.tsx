import { Button, Group, Select, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Field, Filters } from "./filters";

interface Props {
  filters: Filters;
  onShow: (wanted: Filters) => void;
}

/** Restricts the trail; nothing is asked before Enter or the button. */
export function AuditFilters({ filters, onShow }: Props) {
  const { t } = useTranslation("access");
  const [wanted, setWanted] = useState(filters);
  const field = (name: Field) => ({
    label: t(`audit.${name}`),
    value: wanted[name],
    onChange: (event: { currentTarget: { value: string } }) =>
      setWanted({ ...wanted, [name]: event.currentTarget.value }),
    size: "xs" as const,
  });
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    onShow(wanted);
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="sm" mb="md">
        <TextInput {...field("actor")} placeholder="user:anna" w={150} />
        <TextInput {...field("action")} placeholder="study" w={140} />
        <TextInput {...field("object")} placeholder="study:17" w={220} />
        <Select
          label={t("audit.outcome")}
          data={["ok", "refused", "failed"].map((value) => ({
            value,
            label: t(`audit.is.${value}`),
          }))}
          value={wanted.outcome || null}
          onChange={(outcome) => setWanted({ ...wanted, outcome: outcome ?? "" })}
          clearable
          clearButtonProps={{ "aria-label": t("audit.any") }}
          placeholder={t("audit.any")}
          size="xs"
          w={130}
        />
        <TextInput {...field("since")} type="datetime-local" w={185} />
        <TextInput {...field("until")} type="datetime-local" w={185} />
        <Button type="submit" size="xs" leftSection={<IconSearch size={14} />}>
          {t("audit.show")}
        </Button>
      </Group>
    </form>
  );
}
