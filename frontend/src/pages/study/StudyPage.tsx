import { Container, Text, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useCallback, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";

import { ApiError } from "@/api/errors";
import { useMay } from "@/app/session";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Waiting } from "@/components/Waiting";

import { permissionOf } from "./actions/commands";
import { useCommand } from "./actions/useCommand";
import { CorrectionsOfStudy } from "./corrections/CorrectionsOfStudy";
import { WaitingNotice } from "./corrections/WaitingNotice";
import { DetailTabs, type Tab } from "./details/DetailTabs";
import { Notices } from "./Notices";
import { type Study, useStudy } from "./queries";
import { StateNotice } from "./StateNotice";
import { StatePanel } from "./StatePanel";
import { StudyHeader } from "./StudyHeader";
import { Summary } from "./Summary";
import classes from "./StudyPage.module.css";
import { useMarkRead } from "./useMarkRead";
import { useNeighbours } from "./useNeighbours";
import { Workplace } from "./Workplace";

/** One study: who, what was found and measured, where it is, and how it came to be. */
export function StudyPage() {
  const { t } = useTranslation("study");
  const studyId = Number(useParams().studyId);
  const { data, error, refetch } = useStudy(studyId);
  // No name in the browser's tab: it is seen over shoulders and kept in its history.
  const title = <title>{`${t("title")} ${studyId} · Heimdallr`}</title>;
  if (error instanceof ApiError && (error.status === 404 || error.status === 422))
    return (
      <Container py="xl">
        {title}
        <Title order={1} size="h3">
          {t("unknown")}
        </Title>
        <Text mt="md">
          <Link to="/">{t("back")}</Link>
        </Text>
      </Container>
    );
  // An older answer stays on the screen while the server is away.
  if (!data) return error ? <ErrorPanel error={error} retry={() => void refetch()} /> : <Waiting />;
  return (
    <>
      {title}
      <Known key={studyId} study={data} />
    </>
  );
}

function Known({ study }: { study: Study }) {
  const navigate = useNavigate();
  const neighbours = useNeighbours(study.id);
  const { ask } = useCommand(study.id);
  const mayMark = useMay(permissionOf("read"));
  useMarkRead(mayMark ? study : undefined, () => ask({ command: "read", quietly: true }));
  useHotkeys([
    ["u", () => mayMark && study.has_results && ask({ command: study.unread ? "read" : "unread" })],
    ["shift+r", () => study.results && void navigate(`/studies/${study.id}/report`)],
  ]);
  const [tab, setTab] = useState<Tab>();
  const below = useRef<HTMLDivElement>(null);
  const showCorrections = useCallback(() => {
    setTab("corrections");
    below.current?.scrollIntoView({ block: "start" });
  }, []);
  return (
    <CorrectionsOfStudy study={study} showAll={showCorrections}>
      <div className={study.results ? classes.fold : undefined}>
        <StudyHeader study={study} neighbours={neighbours} />
        <Notices study={study} />
        {study.results ? (
          <>
            <StateNotice study={study} />
            <WaitingNotice />
            <Summary results={study.results} />
            <Workplace study={study} results={study.results} />
          </>
        ) : (
          <StatePanel study={study} />
        )}
      </div>
      <div className={classes.below} ref={below}>
        <DetailTabs study={study} chosen={tab} choose={setTab} />
      </div>
    </CorrectionsOfStudy>
  );
}
