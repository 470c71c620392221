import { Anchor } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { actorName } from "@/components/actorName";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import { useHand } from "./hand";
import type { Rejection } from "./queries";

/** Who does not believe it, and why; with the way back for who may take it. */
export function NotBelieved({ rejection }: { rejection: Rejection }) {
  const { t } = useTranslation("corrections");
  const terms = useTerms();
  const format = useFormat();
  const { isAllowed, overview, takeBack } = useHand();
  return (
    <span data-rejected={rejection.name}>
      {t("reject.by", {
        who: actorName(rejection.by),
        when: format.dateTime(rejection.at),
        why: terms.rejection(rejection.reason),
      })}
      {isAllowed && overview?.can_correct && (
        <>
          {" · "}
          <Anchor component="button" type="button" inherit onClick={() => takeBack(rejection)}>
            {t("reject.takeBack")}
          </Anchor>
        </>
      )}
    </span>
  );
}
