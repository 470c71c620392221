import { ActionIcon, Group, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPencil } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useMay } from "@/app/session";
import { actorName } from "@/components/actorName";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import { BodySizeDialog } from "./actions/BodySizeDialog";
import { centimetres } from "./bodySize";
import type { Results, Study } from "./queries";

type Identity = NonNullable<Results["identity"]>;

/** Height and weight the results were made with, where they come from, and a way to enter them. */
export function BodySize({ study, identity }: { study: Study; identity: Identity }) {
  const { t } = useTranslation("study");
  const mayEnter = useMay("operate");
  const [opened, { open, close }] = useDisclosure();
  return (
    <Group gap={4} wrap="nowrap" component="span">
      <Shown identity={identity} />
      {mayEnter && (
        <Tooltip label={t("bodySize.enter")}>
          <ActionIcon variant="subtle" size={16} aria-label={t("bodySize.enter")} onClick={open}>
            <IconPencil size={13} />
          </ActionIcon>
        </Tooltip>
      )}
      <BodySizeDialog study={study} opened={opened} onClose={close} />
    </Group>
  );
}

function Shown({ identity }: { identity: Identity }) {
  const { t } = useTranslation("study");
  const format = useFormat();
  const terms = useTerms();
  const { height_m, weight_kg, body_size } = identity;
  const known = [
    height_m !== null && terms.quantity(Number(centimetres(height_m)), "cm"),
    weight_kg !== null && terms.quantity(weight_kg, "kg"),
  ].filter(Boolean);
  const words = known.length > 0 ? known.join(", ") : t("bodySize.notSent");
  if (!body_size) return words;
  const from = t(`bodySize.from.${body_size.source}`, {
    who: actorName(body_size.by),
    when: format.dateTime(body_size.at),
  });
  return (
    <Tooltip label={from}>
      <Text span inherit td="underline dotted" tabIndex={0}>
        {words}
      </Text>
    </Tooltip>
  );
}
