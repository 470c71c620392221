import { Tabs } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { CorrectionsTab } from "../corrections/CorrectionsTab";
import type { Study } from "../queries";
import { DeliveryTab } from "./DeliveryTab";
import { Downloads } from "./Downloads";
import { Pictures } from "./Pictures";
import { ProvenanceTab } from "./ProvenanceTab";
import { SeriesTable } from "./SeriesTable";
import { Timeline } from "./Timeline";

export type Tab =
  "pictures" | "corrections" | "delivery" | "series" | "timeline" | "provenance" | "downloads";

interface Props {
  study: Study;
  chosen: Tab | undefined;
  choose: (tab: Tab | undefined) => void;
}

/** Everything beside the numbers. */
export function DetailTabs({ study, chosen, choose }: Props) {
  const { t } = useTranslation("study");
  const { results } = study;
  const tabs: Tab[] = results
    ? ["pictures", "corrections", "downloads", "delivery", "series", "timeline", "provenance"]
    : ["series", "delivery", "timeline"];
  const tab = chosen && tabs.includes(chosen) ? chosen : (tabs[0] ?? "series");
  return (
    <Tabs value={tab} onChange={(value) => choose((value ?? undefined) as Tab | undefined)} px={12}>
      <Tabs.List style={{ flexWrap: "wrap" }}>
        {tabs.map((one) => (
          <Tabs.Tab key={one} value={one}>
            {t(`tab.${one}`)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value={tab} py="md">
        {tab === "pictures" && <Pictures study={study} />}
        {tab === "corrections" && <CorrectionsTab study={study} />}
        {tab === "delivery" && <DeliveryTab study={study} />}
        {tab === "series" && <SeriesTable study={study} />}
        {tab === "timeline" && <Timeline study={study} />}
        {tab === "provenance" && results && <ProvenanceTab study={study} results={results} />}
        {tab === "downloads" && results && <Downloads study={study} results={results} />}
      </Tabs.Panel>
    </Tabs>
  );
}
