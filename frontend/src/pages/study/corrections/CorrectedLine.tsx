import { Tooltip } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { actorName } from "@/components/actorName";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import type { Measurement } from "../queries";
import classes from "./Corrections.module.css";
import { useHand } from "./hand";
import type { Corrected } from "./numbers";
import { NotBelieved } from "./NotBelieved";

/** Under a number: that a person corrected it, what it was, or that it is not believed. */
export function CorrectedLine({ measurement }: { measurement: Measurement }) {
  const { t } = useTranslation("corrections");
  const { numbers, rejectionOf } = useHand();
  const { name, corrected } = measurement;
  const rejection = rejectionOf("measurement", name);
  const known = numbers.get(name);
  if (!corrected && !rejection) return null;
  return (
    <span className={classes.line} data-corrected>
      {!rejection && <CorrectedMark known={known} withWord />}
      {known && (
        <span>
          {!rejection && `${t("mark.was")} `}
          <s>
            <Was known={known} />
          </s>
        </span>
      )}
      {rejection && <NotBelieved rejection={rejection} />}
      {!known && !rejection && <span>{t("mark.unknown")}</span>}
    </span>
  );
}

/** A pencil; pointing at it says who, when, and what the number was. */
export function CorrectedMark(props: { known: Corrected | undefined; withWord?: boolean }) {
  const { known, withWord } = props;
  const { t } = useTranslation("corrections");
  const format = useFormat();
  const was = useWas();
  const tip = known
    ? t("mark.tip", {
        who: actorName(known.by),
        when: format.dateTime(known.at),
        was: was(known),
      })
    : t("mark.corrected");
  return (
    <Tooltip label={tip} multiline maw={320}>
      <span className={classes.mark} tabIndex={0} role="img" aria-label={tip}>
        <IconPencil size={12} aria-hidden />
        {withWord && ` ${t("mark.corrected")}`}
      </span>
    </Tooltip>
  );
}

function Was({ known }: { known: Corrected }) {
  return useWas()(known);
}

/** In words: the number, or why there was none. */
function useWas(): (known: Corrected) => string {
  const { t } = useTranslation(["corrections", "terms"]);
  const terms = useTerms();
  return ({ was }) => {
    if (typeof was.before === "string" || typeof was.before === "number")
      return terms.quantity(was.before, was.unit);
    const status = was.status_before
      ? t(`terms:status.${was.status_before as "failed"}`, { defaultValue: was.status_before })
      : t("changes.absent");
    return was.reason_before_coded
      ? `${status}: ${terms.statement(was.reason_before_coded, "")}`
      : status;
  };
}
