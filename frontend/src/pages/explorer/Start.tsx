import { Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { api } from "@/api/client";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Section } from "@/components/Section";

import { useMeasurementWords } from "./useMeasurement";

/** Those people ask for first. */
const FREQUENT = [
  "liver_vol_cm3",
  "spleen_vol_cm3",
  "liver_fat_percent",
  "aorta_abdominal_diameter_mm",
  "aorta_ascending_diameter_mm",
  "coronary_calcium_category",
  "aortic_calcium_agatston",
  "lungs_laa950_percent",
  "lung_nodule_largest_mm",
  "L1_trabecular_hu_mean",
  "SMA_cm2",
  "SMI_cm2_m2",
  "muscle_HU_mean",
  "visceral_fat_area_L3_cm2",
  "kidney_right_length_mm",
  "hemorrhage_vol_cm3",
  "evans_index",
  "contrast_phase",
];

/** Before a measurement is chosen. */
export function Start({ onChoose }: { onChoose: (name: string) => void }) {
  const { t } = useTranslation("explorer");
  const words = useMeasurementWords();
  const { data, error } = api.useQuery("get", "/api/v1/measurements/names");
  const known = new Set(data?.names.map((one) => one.name));
  const offered = FREQUENT.filter((name) => known.has(name));
  if (error && !data) return <ErrorPanel error={error} />;
  return (
    <Section title={t("start.title")}>
      <Text size="sm" mb="sm">
        {t(data && known.size === 0 ? "start.nothing" : "start.text")}
      </Text>
      <Group gap="xs">
        {offered.map((name) => (
          <Button key={name} variant="light" size="xs" onClick={() => onChoose(name)}>
            {words.name(name)}
          </Button>
        ))}
      </Group>
    </Section>
  );
}
