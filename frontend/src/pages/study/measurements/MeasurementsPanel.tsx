import { Group, SegmentedControl, Text, TextInput, VisuallyHidden } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useDeferredValue, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { useTerms } from "@/terms";

import type { Results } from "../queries";
import { CopyReport } from "./CopyReport";
import { filtered, groupsOf, type Only } from "./grouping";
import { MeasurementGroup } from "./MeasurementGroup";
import classes from "./Measurements.module.css";
import { flagOf } from "./reference";

/** The inventory of all structures is long, and seldom what one came for. */
const CLOSED = "structures";

/** All measurements: grouped, searched, copied. */
export function MeasurementsPanel({ results }: { results: Results }) {
  const { t } = useTranslation("study");
  const { language } = useTerms();
  const id = useId();
  const search = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [only, setOnly] = useState<Only>("all");
  const words = useDeferredValue(text);
  useHotkeys([["t", () => search.current?.focus()]]);

  const shown = filtered(results.measurements, { text: words, only }, language);
  const flagged = results.measurements.some((one) => flagOf(one));
  const choices: Only[] = flagged ? ["all", "measured", "flagged"] : ["all", "measured"];
  const narrowed = words.trim() !== "" || only === "flagged";

  return (
    <section className={classes.panel} aria-labelledby={id}>
      <VisuallyHidden component="h2" id={id}>
        {t("measurements")}
      </VisuallyHidden>
      <Group className={classes.tools} gap={8} wrap="nowrap">
        <TextInput
          ref={search}
          type="search"
          size="xs"
          flex={1}
          miw={0}
          leftSection={<IconSearch size={14} />}
          placeholder={t("filter.text")}
          aria-label={t("filter.text")}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Escape" && setText("")}
        />
        <SegmentedControl
          size="xs"
          value={only}
          onChange={(value) => setOnly(value)}
          data={choices.map((value) => ({ value, label: t(`filter.${value}`) }))}
          aria-label={t("filter.which")}
        />
        <CopyReport results={results} measurements={narrowed ? shown : undefined} />
      </Group>
      {groupsOf(shown, results.findings).map((group) => (
        <MeasurementGroup
          key={group.analysis}
          group={group}
          opened={narrowed || (group.analysis !== CLOSED && !group.absence)}
        />
      ))}
      {shown.length === 0 && (
        <Text size="sm" c="dimmed" p="md" role="status">
          {t("filter.nothing")}
        </Text>
      )}
    </section>
  );
}
