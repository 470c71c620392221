import { Text } from "@mantine/core";
import { IconBrush } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useSession } from "@/app/session";
import { actorName } from "@/components/actorName";
import { useFormat } from "@/i18n/format";

import { useHand } from "./hand";

/**
 * Who else edits the study just now.
 *
 * In the header, which stays as high: a line above the images would move them under a hand that draws.
 */
export function OthersEditing() {
  const { t } = useTranslation("corrections");
  const format = useFormat();
  const { name } = useSession();
  const { overview } = useHand();
  const others = overview?.others.filter(({ by }) => by !== `user:${name}`) ?? [];
  return others.map(({ by, since }) => (
    <Text key={`${by} ${since}`} size="xs" c="orange" role="status">
      <IconBrush size={13} aria-hidden />{" "}
      {t("notice.editing", { who: actorName(by), since: format.time(since) })}
    </Text>
  ));
}
