import { Badge, Tooltip } from "@mantine/core";
import { IconCheck, IconExclamationCircle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { actorName } from "@/components/actorName";
import { useFormat } from "@/i18n/format";

import { useHand } from "./hand";

const ICON = 13;

/** That a person stands for the results, or did before they changed. */
export function Verified() {
  const { t } = useTranslation("corrections");
  const format = useFormat();
  const said = useHand().overview?.verification;
  if (!said?.verified || !said.at) return null;
  const who = t("verify.by", { who: actorName(said.by), when: format.dateTime(said.at) });
  const words = said.is_current ? who : t("verify.changed");
  return (
    <Tooltip
      label={[!said.is_current && who, said.comment].filter(Boolean).join(" — ")}
      disabled={said.is_current && !said.comment}
      multiline
      maw={320}
    >
      <Badge
        size="sm"
        variant="light"
        tt="none"
        color={said.is_current ? "teal" : "orange"}
        leftSection={
          said.is_current ? <IconCheck size={ICON} /> : <IconExclamationCircle size={ICON} />
        }
        tabIndex={0}
        data-verified={said.is_current}
      >
        {words}
      </Badge>
    </Tooltip>
  );
}
