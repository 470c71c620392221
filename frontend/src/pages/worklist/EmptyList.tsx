import { Button, Center, Group, Stack, Text, Title } from "@mantine/core";
import { IconPlugConnected, IconUpload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useMay } from "@/app/session";

interface Props {
  /** Why nothing is shown: nothing was ever received, nothing fits, or the page is past the end. */
  why: "none" | "noHit" | "pastEnd";
  onUpload: () => void;
  onClear: () => void;
  onFirstPage: () => void;
}

/** What to do where there is no study. */
export function EmptyList({ why, onUpload, onClear, onFirstPage }: Props) {
  const { t } = useTranslation("worklist");
  const mayUpload = useMay("upload");
  if (why !== "none")
    return (
      <Center flex={1} mih={260}>
        <Stack align="center" gap="xs">
          <Title order={2} size="h4">
            {t(why === "noHit" ? "empty.noHit" : "empty.pastEnd")}
          </Title>
          {why === "noHit" && <Text c="dimmed">{t("empty.noHitText")}</Text>}
          <Button variant="light" onClick={why === "noHit" ? onClear : onFirstPage}>
            {t(why === "noHit" ? "empty.clear" : "empty.toStart")}
          </Button>
        </Stack>
      </Center>
    );
  return (
    <Center flex={1} mih={320} px="md">
      <Stack align="center" gap="sm">
        <Title order={2} size="h3">
          {t("empty.title")}
        </Title>
        <Text c="dimmed" ta="center" maw={460}>
          {t("empty.text")}
        </Text>
        <Group justify="center">
          <Button component={Link} to="/welcome" leftSection={<IconPlugConnected size={16} />}>
            {t("empty.connect")}
          </Button>
          {mayUpload && (
            <Button variant="default" leftSection={<IconUpload size={16} />} onClick={onUpload}>
              {t("upload.button")}
            </Button>
          )}
        </Group>
      </Stack>
    </Center>
  );
}
