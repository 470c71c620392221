import { Alert, Button, Stack, Text } from "@mantine/core";
import { IconPhotoOff } from "@tabler/icons-react";
import { type ReactNode, useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { ErrorPanel } from "@/components/ErrorPanel";
import { Waiting } from "@/components/Waiting";
import { capitalised, useTerms } from "@/terms";

import { useRenewStudy } from "./editing/api";
import { Keeper } from "./kept";
import { asOfVersion } from "./labelMaps";
import { type Compared, type Jump, useViewerManifest, type ViewerManifest } from "./manifest";
import type { MoreOfStructure } from "./StructureMenu";
import { hasWebGl2 } from "./useEngine";
import { Workspace } from "./Workspace";

export interface ViewerProps {
  studyId: number;
  /** Where to go; counted, so that the same place can be asked for twice. */
  jump: Jump | null;
  /** A correction of which both sides are looked at; nothing is edited meanwhile. */
  compared?: Compared | null;
  onCompared?: () => void;
  /** What can be done about that correction. */
  ofCompared?: ReactNode;
  /** Something is drawn. */
  onReady?: () => void;
  /** More that can be done with a structure, as items of its menu. */
  moreOfStructure?: MoreOfStructure;
}

/** Volume and structures of a study; fills its parent. */
export function Viewer(props: ViewerProps) {
  const { studyId, jump, onReady, moreOfStructure } = props;
  const { t } = useTranslation("viewer");
  const terms = useTerms();
  const { data: told, error, refetch } = useViewerManifest(studyId);
  const renew = useRenewStudy(studyId);
  // Who edits keeps what they edit, whatever comes meanwhile.
  const [edited, setEdited] = useState<ViewerManifest | null>(null);
  const compared = (edited ? null : props.compared) ?? null;
  const earlier = compared?.version;
  const data = useMemo(
    () => edited ?? (told && earlier !== undefined ? asOfVersion(told, earlier) : told),
    [edited, told, earlier],
  );
  const [keeper] = useState(() => new Keeper());
  const canDraw = useMemo(() => hasWebGl2(), []);
  const [attempt, setAttempt] = useState(0);
  const restart = () => {
    // Edits are offered as a draft from then on, beside the results of now.
    setEdited(null);
    setAttempt((before) => before + 1);
  };
  const onEditing = useCallback(
    (isEditing: boolean) => setEdited(isEditing ? (told ?? null) : null),
    [told],
  );
  const onRenew = useCallback(async () => {
    await renew();
    setEdited(null);
    setAttempt((before) => before + 1);
  }, [renew]);
  // What is looked at stays when asking for it again fails.
  if (!data) return error ? <ErrorPanel error={error} retry={() => void refetch()} /> : <Waiting />;
  if (!data.volume) {
    const why = terms.statement(data.volume_reason_coded, data.volume_reason);
    return <Nothing title={t("error.noVolume")} text={capitalised(why)} />;
  }
  if (!canDraw) return <Nothing title={t("error.webgl")} text={t("error.webglHelp")} />;
  return (
    <Workspace
      // New results are another study to look at; so is a graphics card that came back.
      key={`${studyId} ${data.created_at} ${attempt} ${JSON.stringify(compared)}`}
      manifest={data}
      compared={compared}
      waitsForEdits={edited !== null && props.compared != null}
      onCompared={props.onCompared}
      ofCompared={props.ofCompared}
      volume={data.volume}
      jump={jump}
      onReady={onReady}
      onRetry={restart}
      keeper={keeper}
      onEditing={onEditing}
      onRenew={onRenew}
      moreOfStructure={moreOfStructure}
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

function Nothing(props: { title: string; text: string; children?: ReactNode }) {
  return (
    <Alert color="gray" icon={<IconPhotoOff />} title={props.title} m="md">
      <Stack gap="sm" align="start">
        <Text size="sm">{props.text}</Text>
        {props.children}
      </Stack>
    </Alert>
  );
}
