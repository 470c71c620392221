import { Text, Title } from "@mantine/core";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { Missing } from "@/components/Missing";
import { useTerms } from "@/terms";

import { keyNumbers } from "./keyNumbers";
import classes from "./QuickLook.module.css";

export function LookNumbers({ measurements }: { measurements: Schemas["MeasurementOut"][] }) {
  const { t } = useTranslation("worklist");
  const terms = useTerms();
  const shown = keyNumbers(measurements);
  return (
    <section>
      <Title order={3} size="h6" mb={6}>
        {t("look.numbers")}
      </Title>
      {shown.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("look.noNumbers")}
        </Text>
      )}
      <dl className={classes.numbers}>
        {shown.map(({ name, value, unit, reason, reason_coded: coded }) => (
          <Fragment key={name}>
            <dt>{terms.measurement(name)}</dt>
            <dd>
              {value == null ? (
                <Missing why={terms.statement(coded, reason)} />
              ) : (
                terms.quantity(value, unit)
              )}
            </dd>
          </Fragment>
        ))}
      </dl>
    </section>
  );
}
