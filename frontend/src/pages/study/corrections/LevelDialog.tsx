import { Group, Modal, Select, Stack, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { useSubmit } from "@/components/useSubmit";
import { useViewerManifest } from "@/viewer";

import { ofStudy, type Study } from "../queries";
import { CommentAndSave } from "./CommentAndSave";
import { useHand } from "./hand";
import { choicesFor, levelsAmong, movedBy, type Move, moves, structureOf } from "./levels";
import type { Correction } from "./queries";
import { Saved } from "./Saved";
import { useSaving } from "./useSaving";

/** So many of the column are named; the others follow as they do. */
const NAMED = 4;

interface Props {
  study: Study;
  /** Of which vertebra, as it is called; null within: to be chosen. */
  level: { of: string | null } | null;
  onClose: () => void;
}

/** "This vertebra is …": one word, and the whole column has its right names. */
export function LevelDialog({ study, level, onClose }: Props) {
  const { t } = useTranslation(["corrections", "common"]);
  const [saved, setSaved] = useState<Correction | null>(null);
  const close = () => {
    onClose();
    setSaved(null);
  };
  return (
    <Modal
      opened={level !== null}
      onClose={close}
      size={saved ? "lg" : undefined}
      title={t("level.title")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      {saved ? (
        <Saved study={study} correction={saved} onClose={close} />
      ) : (
        level && <Form study={study} called={level.of} onSaved={setSaved} onClose={close} />
      )}
    </Modal>
  );
}

interface FormProps {
  study: Study;
  called: string | null;
  onSaved: (correction: Correction) => void;
  onClose: () => void;
}

function Form({ study, called, onSaved, onClose }: FormProps) {
  const { t } = useTranslation(["corrections", "common"]);
  const { overview } = useHand();
  const present = usePresentLevels(study.id);
  const save = useSaving(study.id);
  const [said, setSaid] = useState(called);
  const [is, setIs] = useState<string | null>(null);
  const [comment, setComment] = useState("");
  // The label maps that were on the screen when the dialog was opened.
  const [base] = useState(overview?.base);
  const { submit, busy, error } = useSubmit(async () => {
    if (!said || !is) return;
    // Without it the dialog was opened before anything was known; what is known now is as good.
    const on = base ?? overview?.base ?? "";
    const body = { base: on, vertebra: structureOf(said), is: structureOf(is), comment };
    const init = { ...ofStudy(study.id), body };
    onSaved(await save(() => http.POST("/api/v1/studies/{study_id}/corrections/level", init)));
  });
  if (present.length === 0) return <Text size="sm">{t("level.none")}</Text>;
  const known = said && present.includes(said) ? said : null;
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Group grow align="flex-start">
          <Select
            label={t("level.called")}
            data={present}
            value={known}
            onChange={(value) => {
              setSaid(value);
              setIs(null);
            }}
            allowDeselect={false}
            data-autofocus={known ? undefined : true}
          />
          <Select
            label={t("level.is")}
            data={known ? choicesFor(known) : []}
            value={is}
            onChange={setIs}
            disabled={!known}
            allowDeselect={false}
            data-autofocus={known ? true : undefined}
          />
        </Group>
        <Text size="sm" role="status" mih={44}>
          {known && is ? <WhatFollows present={present} said={known} is={is} /> : t("level.text")}
        </Text>
        <CommentAndSave
          comment={comment}
          onComment={setComment}
          error={error}
          busy={busy}
          disabled={!known || !is}
          onClose={onClose}
        />
      </Stack>
    </form>
  );
}

/** "The whole column moves by one level: L2 → L3, L1 → L2, …; every number at a level follows." */
function WhatFollows({ present, said, is }: { present: string[]; said: string; is: string }) {
  const { t } = useTranslation("corrections");
  const all = moves(present, said, is);
  const at = all.findIndex(({ from }) => from === said);
  const first = Math.max(Math.min(at - 1, all.length - NAMED), 0);
  const arrow = ({ from, to }: Move) => `${from} → ${to ?? t("level.nameless")}`;
  const rest = all.length > NAMED ? ["…"] : [];
  const list = [...all.slice(first, first + NAMED).map(arrow), ...rest].join(", ");
  const lost = all.filter(({ to }) => to === null).map(({ from }) => from);
  return (
    <>
      {t("level.follows", { count: Math.abs(movedBy(said, is)), list })}
      {lost.length > 0 && ` ${t("level.lost", { levels: lost.join(", ") })}`}
    </>
  );
}

/** Vertebrae of the label maps, head to foot. */
function usePresentLevels(studyId: number): string[] {
  const { data } = useViewerManifest(studyId);
  return useMemo(
    () =>
      levelsAmong(
        (data?.labels ?? []).flatMap(({ structures }) => structures.map((one) => one.structure)),
      ),
    [data],
  );
}
