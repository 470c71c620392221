import { Checkbox, SimpleGrid } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { ObjectKind } from "./deliveries";

interface Props {
  label: string;
  /** What none ticked means. */
  description: string;
  takes: readonly ObjectKind[];
  value: readonly ObjectKind[];
  onChange: (objects: ObjectKind[]) => void;
}

/** Which objects are sent; none ticked: what is usual. */
export function ObjectChoice({ label, description, takes, value, onChange }: Props) {
  const { t } = useTranslation("delivery");
  return (
    <Checkbox.Group
      label={label}
      description={description}
      value={[...value]}
      onChange={(chosen) => onChange(takes.filter((kind) => chosen.includes(kind)))}
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing={6} mt="xs">
        {takes.map((kind) => (
          <Checkbox key={kind} value={kind} size="sm" label={t(`object.${kind}`)} />
        ))}
      </SimpleGrid>
    </Checkbox.Group>
  );
}
