import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { api, BACKGROUND } from "@/api/client";
import { useMay } from "@/app/session";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Page } from "@/components/Page";
import { Waiting } from "@/components/Waiting";

import { Address } from "./Address";
import { LetIn } from "./LetIn";
import { NextSteps } from "./NextSteps";
import { Signs } from "./Signs";
import { TryIt } from "./TryIt";
import { TurnedAway } from "./TurnedAway";

/** While somebody watches; a hidden page does not ask. */
const often = { refetchInterval: 2000 };

/** From an empty worklist to the first image: how a PACS reaches this machine. */
export function WelcomePage() {
  const { t } = useTranslation("welcome");
  const { data: callers, error, refetch } = api.useQuery("get", "/api/v1/peers", BACKGROUND, often);
  const { data: system } = api.useQuery("get", "/api/v1/system", BACKGROUND, often);
  const settings = useSettings();
  const host = window.location.hostname;
  return (
    <Page title={t("title")} size={860}>
      <Stack gap="md">
        <Text>{t("intro")}</Text>
        {error && <ErrorPanel error={error} retry={() => void refetch()} />}
        {callers ? (
          <>
            <Signs intake={system?.intake} peers={callers.peers} />
            <TurnedAway peers={callers.peers} ae={callers.ae_title} settings={settings} />
            <Address ae={callers.ae_title} host={host} port={callers.port} />
            <LetIn settings={settings} />
            <TryIt ae={callers.ae_title} host={host} port={callers.port} settings={settings} />
            <NextSteps bundled={system?.weights.some((one) => one.origin === "bundled") ?? false} />
          </>
        ) : (
          !error && <Waiting />
        )}
      </Stack>
    </Page>
  );
}

/** Variable → value; undefined for whoever may not see them. */
function useSettings(): Readonly<Record<string, string>> | undefined {
  const administrator = useMay("admin");
  const { data } = api.useQuery("get", "/api/v1/settings", {}, { enabled: administrator });
  return data && Object.fromEntries(data.settings.map((one) => [one.name, one.value]));
}
