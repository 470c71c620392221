import { Group, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { daysOf, isRecent, rangeText, RECENT } from "./days";

interface Props {
  label: string;
  /** As in days.ts; empty for any day. */
  value: string;
  onChange: (value: string) => void;
}

/** Days: the last ones, or from one to another. */
export function DaysField({ label, value, onChange }: Props) {
  const { t } = useTranslation("worklist");
  const [opened, setOpened] = useState(value !== "" && !isRecent(value));
  const days = isRecent(value) ? null : daysOf(value);
  const choose = (chosen: string) => {
    setOpened(chosen === "range");
    onChange(chosen === "range" ? "" : chosen);
  };
  return (
    <div>
      <NativeSelect
        size="xs"
        label={label}
        value={opened ? "range" : value}
        onChange={(event) => choose(event.currentTarget.value)}
        data={[
          { value: "", label: t("filters.any") },
          ...[...RECENT, "range"].map((one) => ({ value: one, label: t(`filters.days.${one}`) })),
        ]}
      />
      {opened && (
        <Group gap={6} mt={6} wrap="nowrap">
          {(["from", "to"] as const).map((end) => (
            <TextInput
              key={end}
              size="xs"
              type="date"
              flex={1}
              aria-label={`${label}, ${t(`filters.${end}`)}`}
              value={days?.[end] ?? ""}
              onChange={(event) =>
                onChange(
                  rangeText({
                    from: days?.from,
                    to: days?.to,
                    [end]: event.currentTarget.value || undefined,
                  }),
                )
              }
            />
          ))}
        </Group>
      )}
    </div>
  );
}
