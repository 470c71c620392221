import { Suspense, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";

import { Waiting } from "@/components/Waiting";
import { useViewerManifest, Viewer } from "@/viewer";

import { ComparedNumbers } from "./corrections/ComparedNumbers";
import { Decision } from "./corrections/Decision";
import { useHand } from "./corrections/hand";
import { HandOnStructure } from "./corrections/HandMenu";
import { FindingsPanel } from "./findings/FindingsPanel";
import { MeasurementsPanel } from "./measurements/MeasurementsPanel";
import { type Results, type Study, useHistory } from "./queries";
import classes from "./StudyPage.module.css";
import { useJump } from "./useJump";
import { useFreshImages } from "./useFreshImages";
import { type StudyView, StudyViewContext } from "./view";

/** Images beside numbers: a click on a number shows where it was measured. */
export function Workplace({ study, results }: { study: Study; results: Results }) {
  const { t } = useTranslation("study");
  const { data: manifest } = useViewerManifest(study.id);
  useFreshImages(study.id, results, manifest);
  const { overview, compared, compare } = useHand();
  const waiting =
    compared && !compared.isApplied
      ? overview?.corrections.find(({ number }) => number === compared.number)
      : undefined;
  const { data: history } = useHistory(study.id, true);
  const { jump, openedAt, goTo } = useJump(results, manifest);
  const viewer = useRef<HTMLDivElement>(null);
  const number = compared?.number;
  // It was asked for from the list below the images.
  useEffect(() => {
    if (number !== undefined) viewer.current?.scrollIntoView({ block: "nearest" });
  }, [number]);
  // The client widens pairs and triples to lists.
  const targets = manifest?.targets;

  const view = useMemo<StudyView>(
    () => ({
      study,
      targets,
      history,
      openedAt,
      jump: (target) => {
        goTo(target);
        // On a phone the viewer is above the numbers, out of sight.
        viewer.current?.scrollIntoView({ block: "nearest" });
      },
    }),
    [study, targets, history, openedAt, goTo],
  );

  return (
    <StudyViewContext value={view}>
      <div className={classes.work}>
        <div className={classes.viewer} ref={viewer}>
          <Suspense fallback={<Waiting />}>
            <Viewer
              studyId={study.id}
              jump={jump}
              compared={compared}
              onCompared={() => compare(null)}
              ofCompared={waiting && <Decision studyId={study.id} correction={waiting} />}
              moreOfStructure={({ structure }) => (
                <HandOnStructure structure={structure.structure} />
              )}
            />
          </Suspense>
        </div>
        <div className={classes.numbers} role="region" aria-label={t("numbers")} tabIndex={0}>
          <ComparedNumbers study={study} />
          <FindingsPanel findings={results.findings} />
          <MeasurementsPanel results={results} />
        </div>
      </div>
    </StudyViewContext>
  );
}
