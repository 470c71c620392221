import { Checkbox, Group, NativeSelect, SimpleGrid, Stack, TagsInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { api } from "@/api/client";
import { useTerms } from "@/terms";

import { type Conditions, SEVERITIES } from "./rules";

const MODALITIES = ["CT", "MR"];

interface Props {
  conditions: Conditions;
  onChange: (conditions: Conditions) => void;
}

/** What must hold of a study; empty fields ask nothing. */
export function ConditionFields({ conditions, onChange }: Props) {
  const { t } = useTranslation("destinations");
  const terms = useTerms();
  const { data } = api.useQuery("get", "/api/v1/peers");
  const titles = new Set(data?.peers.map((peer) => peer.ae_title).filter((one) => one !== ""));
  const several = (
    name: "modalities" | "body_regions" | "findings" | "patient_classes",
    values: string[],
    label: (value: string) => string,
    description?: string,
  ) => (
    <Checkbox.Group
      label={t(`rules.${name}`)}
      description={description}
      value={conditions[name]}
      onChange={(chosen) => onChange({ ...conditions, [name]: chosen })}
    >
      <Group gap="sm" mt={4}>
        {/* What was chosen elsewhere stays, also where there is no word for it here. */}
        {[...new Set([...values, ...conditions[name]])].map((value) => (
          <Checkbox key={value} size="sm" value={value} label={label(value)} />
        ))}
      </Group>
    </Checkbox.Group>
  );
  return (
    <Stack gap="sm">
      {several("modalities", MODALITIES, (value) => value)}
      {several("body_regions", terms.regions(), terms.region)}
      {several("findings", terms.findings(), terms.finding)}
      {several(
        "patient_classes",
        terms.patientClasses(),
        terms.patientClass,
        t("rules.patient_classesText"),
      )}
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" style={{ alignItems: "end" }}>
        <NativeSelect
          label={t("rules.least_severity")}
          value={conditions.least_severity ?? ""}
          onChange={(event) =>
            onChange({
              ...conditions,
              least_severity: SEVERITIES.find((one) => one === event.currentTarget.value) ?? null,
            })
          }
          data={[
            { value: "", label: t("rules.anySeverity") },
            ...SEVERITIES.map((value) => ({ value, label: t(`rules.severity.${value}`) })),
          ]}
        />
        <TagsInput
          label={t("rules.calling_aes")}
          description={t("rules.calling_aesText")}
          data={[...titles]}
          value={conditions.calling_aes}
          onChange={(calling_aes) => onChange({ ...conditions, calling_aes })}
          clearable
          clearButtonProps={{ "aria-label": t("rules.clear") }}
          maxTags={50}
          comboboxProps={{ withinPortal: false }}
        />
      </SimpleGrid>
    </Stack>
  );
}
