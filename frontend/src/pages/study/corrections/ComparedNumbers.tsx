import { Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Study } from "../queries";
import { Changes } from "./Changes";
import classes from "./Corrections.module.css";
import { useHand } from "./hand";

/** Beside the images while a correction is compared: the numbers that differ by it. */
export function ComparedNumbers({ study }: { study: Study }) {
  const { t } = useTranslation("corrections");
  const { compared } = useHand();
  if (!compared) return null;
  const { number, isApplied } = compared;
  return (
    <section className={classes.compared}>
      <Title order={2} size="h6" mb={4}>
        {t(number ? "look.title" : "look.networks", { number })}
      </Title>
      {isApplied ? (
        <Changes study={study} number={number} />
      ) : (
        <Text size="sm" c="dimmed">
          {t("look.later")}
        </Text>
      )}
    </section>
  );
}
