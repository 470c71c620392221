import { type ReactNode, useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { messageOf } from "@/api/errors";
import { useMay } from "@/app/session";
import { notifications } from "@mantine/notifications";
import { useTerms } from "@/terms";

import { ofStudy, type Study } from "../queries";
import { type Hand, HandContext, type Subject } from "./hand";
import { LevelDialog } from "./LevelDialog";
import { comparedBy, comparedWithNetworks, correctedNumbers } from "./numbers";
import { type Rejection, useCorrectionDetails, useCorrections } from "./queries";
import { NotBelievedDialog } from "./NotBelievedDialog";
import { useSaving, useTold } from "./useSaving";

interface Props {
  study: Study;
  /** Shows the list of all corrections. */
  showAll: () => void;
  children: ReactNode;
}

/** What a person can do about the results of a study, for every part of its page. */
export function CorrectionsOfStudy({ study, showAll, children }: Props) {
  const terms = useTerms();
  const isAllowed = useMay("operate");
  const { data: overview } = useCorrections(study.id, study.results !== null);
  const inForce = study.results?.provenance?.corrections ?? [];
  const details = useCorrectionDetails(
    study.id,
    inForce.map(({ number }) => number),
  );
  const numbers = useMemo(() => correctedNumbers(details), [details]);
  const [level, setLevel] = useState<{ of: string | null } | null>(null);
  const [doubted, setDoubted] = useState<Subject | null>(null);
  const [number, compare] = useState<number | null>(null);
  const compared = useMemo(() => {
    if (!overview) return null;
    if (number === 0) return comparedWithNetworks(overview.corrections);
    const correction = overview.corrections.find((one) => one.number === number);
    return correction ? comparedBy(correction, overview.version) : null;
  }, [overview, number]);
  const takeBack = useTakeBack(study.id);

  const why = overview?.why_not;
  const hand = useMemo<Hand>(
    () => ({
      overview,
      isAllowed,
      whyNot: terms.statement(why, ""),
      numbers,
      askLevel: (of) => setLevel({ of }),
      askWhy: setDoubted,
      takeBack,
      showAll,
      compared,
      compare,
      rejectionOf: (kind, name) =>
        overview?.rejections.find((one) => one.kind === kind && one.name === name),
    }),
    [overview, isAllowed, why, terms, numbers, takeBack, showAll, compared],
  );
  return (
    <HandContext value={hand}>
      {children}
      <LevelDialog study={study} level={level} onClose={() => setLevel(null)} />
      <NotBelievedDialog studyId={study.id} subject={doubted} onClose={() => setDoubted(null)} />
    </HandContext>
  );
}

/** A rejection that holds no longer: said without a question, as it can be said again. */
function useTakeBack(studyId: number): Hand["takeBack"] {
  const { t } = useTranslation("corrections");
  const save = useSaving(studyId);
  const told = useTold();
  return useCallback(
    ({ kind, name }: Pick<Rejection, "kind" | "name">) => {
      const body = { reject: [], restore: [{ kind, name }], comment: "" };
      save(() =>
        http.POST("/api/v1/studies/{study_id}/corrections/rejections", {
          ...ofStudy(studyId),
          body,
        }),
      )
        .then(told)
        .catch((error: unknown) =>
          notifications.show({ title: t("error.title"), message: messageOf(error), color: "red" }),
        );
    },
    [studyId, save, told, t],
  );
}
