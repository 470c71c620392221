import { NativeSelect, Switch, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { CHOICES, type Field, isChoice, isRequired, isSwitch } from "./peers";

interface Props {
  field: Field;
  value: string | boolean | undefined;
  onChange: (value: string | boolean) => void;
}

const MOST: Partial<Record<Field, number>> = { ae_title: 16, calling_ae: 16, url: 500, user: 128 };

/** One thing that is asked about a destination, in the way it is answered. */
export function PeerField({ field, value, onChange }: Props) {
  const { t } = useTranslation("destinations");
  const said = {
    label: t(`field.${field}`),
    description: t(`fieldText.${field}`, { defaultValue: "" }) || undefined,
  };
  if (isSwitch(field))
    return (
      <Switch
        {...said}
        checked={value === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    );
  if (isChoice(field))
    return (
      <NativeSelect
        {...said}
        value={String(value)}
        onChange={(event) => onChange(event.currentTarget.value)}
        data={CHOICES[field].map((one) => ({ value: one, label: t(`choice.${one}`) }))}
      />
    );
  return (
    <TextInput
      {...said}
      value={String(value ?? "")}
      onChange={(event) => onChange(event.currentTarget.value)}
      required={isRequired(field)}
      maxLength={MOST[field]}
      inputMode={field === "port" ? "numeric" : undefined}
      pattern={field === "port" ? "[0-9]{1,5}" : undefined}
      autoComplete="off"
    />
  );
}
