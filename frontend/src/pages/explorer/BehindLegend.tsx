import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useAppliesTo } from "@/pages/study/measurements/appliesTo";
import { useTerms } from "@/terms";

import classes from "./charts/charts.module.css";
import type { Background, Backgrounds } from "./norms";
import { useMeasurementWords } from "./useMeasurement";

interface Props extends Backgrounds {
  /** What it is about, where a chart has two measurements. */
  name?: string;
  unit: string;
}

/** What is drawn behind, each with its letter: how much, whom it holds for, who published it. */
export function BehindLegend({ shown, waits, name, unit }: Props) {
  const { t } = useTranslation("explorer");
  const hints = [waits.sex && t("behind.waits.sex"), waits.age && t("behind.waits.age")];
  if (shown.length === 0 && !hints.some(Boolean)) return null;
  return (
    <div>
      {shown.length > 0 && (
        <ul
          className={classes.behindLegend}
          aria-label={[t("behind.title"), name].filter(Boolean).join(": ")}
        >
          {shown.map((one) => (
            <li key={one.letter} data-kind={one.kind}>
              <span className={classes.letter}>{one.letter}</span>
              <span>
                <What background={one} unit={unit} /> — <span lang="en">{one.source}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
      {hints.some(Boolean) && (
        <Text size="xs" c="dimmed">
          {hints.filter(Boolean).join(" ")}
        </Text>
      )}
    </div>
  );
}

/** "finding above 314.5 cm³, from 18 years" */
function What({ background, unit }: { background: Background; unit: string }) {
  const { t } = useTranslation("explorer");
  const terms = useTerms();
  const words = useMeasurementWords();
  const appliesTo = useAppliesTo();
  const { kind, reference, parts, group, percentiles, unenhanced } = background;
  if (reference) {
    const { low, high } = reference;
    const bound = terms.limit(low ?? high ?? 0, unit);
    const what = t(low === null ? "behind.high" : "behind.low", { bound });
    return [what, ...appliesTo(reference.applies_to)].join(", ");
  }
  const [part] = parts;
  const [low, high] = part?.ends ?? [0, 0];
  const quantity =
    parts.length > 1 || !part
      ? ""
      : low === high
        ? words.quantity(low, unit)
        : `${words.number(low, unit)}–${words.quantity(high, unit)}`;
  const [from, to] = [percentiles[0], percentiles.at(-1)].map((one) => terms.value(one ?? 0, "%"));
  return [
    [t(`behind.${kind}`, { from, to }), quantity].filter(Boolean).join(": "),
    group ? terms.statement(group.group_coded, group.group) : t("behind.byAge"),
    unenhanced && terms.value("native", ""),
  ]
    .filter(Boolean)
    .join(", ");
}
