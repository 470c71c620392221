import { Alert, Button, Stack, Text } from "@mantine/core";
import { IconPhotoOff } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { ErrorPanel } from "@/components/ErrorPanel";
import { Waiting } from "@/components/Waiting";
import { capitalised, useTerms } from "@/terms";

import { type Jump, useViewerManifest } from "./manifest";
import { hasWebGl2 } from "./useEngine";
import { Workspace } from "./Workspace";

export interface ViewerProps {
  studyId: number;
  /** Where to go; counted, so that the same place can be asked for twice. */
  jump: Jump | null;
  /** Something is drawn. */
  onReady?: () => void;
}

/** Volume and structures of a study; fills its parent. */
export function Viewer({ studyId, jump, onReady }: ViewerProps) {
  const { t } = useTranslation("viewer");
  const terms = useTerms();
  const { data, error, refetch } = useViewerManifest(studyId);
  const canDraw = useMemo(() => hasWebGl2(), []);
  const [attempt, setAttempt] = useState(0);
  const restart = () => setAttempt((before) => before + 1);
  if (error) return <ErrorPanel error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  if (!data.volume) {
    const why = terms.statement(data.volume_reason_coded, data.volume_reason);
    return <Nothing title={t("error.noVolume")} text={capitalised(why)} />;
  }
  if (!canDraw) return <Nothing title={t("error.webgl")} text={t("error.webglHelp")} />;
  return (
    <Workspace
      // New results are another study to look at; so is a graphics card that came back.
      key={`${studyId} ${data.created_at} ${attempt}`}
      manifest={data}
      volume={data.volume}
      jump={jump}
      onReady={onReady}
      onRetry={restart}
      lost={
        <Nothing title={t("error.lost")} text={t("error.lostHelp")}>
          <Button size="xs" onClick={restart}>
            {t("error.restart")}
          </Button>
        </Nothing>
      }
    />
  );
}

function Nothing(props: { title: string; text: string; children?: React.ReactNode }) {
  return (
    <Alert color="gray" icon={<IconPhotoOff />} title={props.title} m="md">
      <Stack gap="sm" align="start">
        <Text size="sm">{props.text}</Text>
        {props.children}
      </Stack>
    </Alert>
  );
}
