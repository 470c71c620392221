import { Alert, Badge, Button, Group, Text } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { actorName } from "@/components/actorName";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import type { Study } from "../queries";
import { Changes } from "./Changes";
import classes from "./Corrections.module.css";
import { Decision } from "./Decision";
import { useHand } from "./hand";
import { levelOf } from "./levels";
import { comparedBy } from "./numbers";
import type { Correction } from "./queries";
import { RestoreButton } from "./RestoreButton";
import { useSubjectName } from "./useSubjectName";

/** A column that moves is of thirty structures: they are listed when asked for. */
const FEW = 6;
const COLOURS: Record<Correction["state"], string> = {
  pending: "blue",
  proposed: "blue",
  offered: "blue",
  applied: "teal",
  declined: "gray",
  failed: "red",
  superseded: "gray",
};

/** One correction: who, when, what it did, what became of it, and what can be done about it. */
export function CorrectionItem({ study, correction }: { study: Study; correction: Correction }) {
  const { t } = useTranslation("corrections");
  const terms = useTerms();
  const format = useFormat();
  const { overview, compare } = useHand();
  const [open, setOpen] = useState(false);
  const id = useId();
  const { number, state, kind, origin, by, at, comment, error, notes, version } = correction;
  const waits = state === "proposed" || state === "offered" || state === "failed";
  const hasSides = overview !== undefined && comparedBy(correction, overview.version) !== null;
  const isShown = version !== null && version === overview?.version;
  return (
    <li className={classes.item} data-correction={number} data-waits={waits}>
      <Group justify="space-between" align="flex-start">
        <div>
          <Group gap={8}>
            <Text size="sm" fw={600}>
              {t("item.title", { number, what: t(`kind.${kind}`) })}
            </Text>
            <Badge size="sm" variant="light" color={COLOURS[state]}>
              {t(`state.${state}`)}
            </Badge>
            {isShown && (
              <Badge size="sm" variant="outline" color="gray">
                {t("item.shown")}
              </Badge>
            )}
          </Group>
          <Text size="xs" c="dimmed">
            {[actorName(by), format.dateTime(at), t(`origin.${origin}`)].join(" · ")}
          </Text>
        </div>
        <Group gap={8}>
          {hasSides && (
            <Button size="compact-sm" variant="default" onClick={() => compare(number)}>
              {t("look.open")}
            </Button>
          )}
          {waits && <Decision studyId={study.id} correction={correction} />}
          {version !== null && !isShown && <RestoreButton study={study} version={version} />}
        </Group>
      </Group>
      <What correction={correction} />
      {comment && (
        <Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
          “{comment}”
        </Text>
      )}
      {notes.map((note, n) => (
        <Text key={`${note.code} ${n}`} size="xs" c="dimmed">
          {terms.statement(note, note.code)}
        </Text>
      ))}
      {error && (
        <Alert color="red" variant="light" p="xs" mt={6}>
          {terms.statement(error, t("state.failed"))}
        </Alert>
      )}
      {(state === "applied" || version !== null) && (
        <>
          <Button
            size="compact-xs"
            variant="subtle"
            mt={4}
            leftSection={open ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
            aria-expanded={open}
            aria-controls={open ? id : undefined}
            onClick={() => setOpen(!open)}
          >
            {t("item.numbers", { count: correction.changed_measurements })}
          </Button>
          {open && (
            <div id={id}>
              <Changes study={study} number={number} />
            </div>
          )}
        </>
      )}
    </li>
  );
}

/** Structures with voxels and volumes, the level, what is not believed: line by line. */
function What({ correction }: { correction: Correction }) {
  const { t } = useTranslation("corrections");
  const terms = useTerms();
  const { structures, level, reject, restore_rejections: back, restores_version: to } = correction;
  const nameOf = useSubjectName();
  const changes = structures.map((one) => (
    <StructureLine key={`${one.task} ${one.structure}`} change={one} />
  ));
  return (
    <ul className={classes.what}>
      {level && (
        <li>
          {t("item.level", {
            was: levelOf(level.vertebra) ?? level.vertebra,
            is: levelOf(level.is) ?? level.is,
          })}
        </li>
      )}
      {to !== null && <li>{to === 0 ? t("item.toNetworks") : t("item.to", { number: to })}</li>}
      {reject.map(({ kind, name, reason }) => (
        <li key={`- ${kind} ${name}`}>
          {t("item.reject", { what: nameOf(kind, name), why: terms.rejection(reason) })}
        </li>
      ))}
      {back.map(({ kind, name }) => (
        <li key={`+ ${kind} ${name}`}>{t("item.back", { what: nameOf(kind, name) })}</li>
      ))}
      {structures.length > FEW ? (
        <li>
          <details>
            <summary>{t("item.structures", { count: structures.length })}</summary>
            <ul className={classes.what}>{changes}</ul>
          </details>
        </li>
      ) : (
        changes
      )}
    </ul>
  );
}

/** "Liver +120 −4,512 voxels · 1,540 cm³ → 1,532 cm³ · Dice 0.998". */
function StructureLine({ change }: { change: Correction["structures"][number] }) {
  const { t } = useTranslation("corrections");
  const terms = useTerms();
  const format = useFormat();
  return (
    <li>
      {terms.Structure(change.structure)}{" "}
      <span className={classes.numbers}>
        {t("item.voxels", {
          added: format.number(change.voxels_added),
          removed: format.number(change.voxels_removed),
          before: terms.quantity(change.volume_before_cm3, "cm3"),
          after: terms.quantity(change.volume_after_cm3, "cm3"),
        })}
        {change.dice !== null && ` · Dice ${format.number(change.dice, 3)}`}
      </span>
    </li>
  );
}
