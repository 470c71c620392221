import { Alert, Tabs } from "@mantine/core";
import type { ComponentType } from "react";
import { useSearchParams } from "react-router";

import { useMay } from "@/app/session";

import { Page } from "./Page";

export interface AdministratorTab {
  name: string;
  label: string;
  Shown: ComponentType;
}

interface Props {
  title: string;
  /** What everybody else is told. */
  forAdministrators: string;
  tabs: [AdministratorTab, ...AdministratorTab[]];
}

/** A page of tabs for administrators; the address says which one is shown, else it is the first. */
export function AdministratorTabs({ title, forAdministrators, tabs }: Props) {
  const administrator = useMay("admin");
  const [query, setQuery] = useSearchParams();
  const first = tabs[0].name;
  const shown = tabs.find((tab) => tab.name === query.get("tab"))?.name ?? first;
  return (
    <Page title={title} size={1280}>
      {administrator ? (
        <Tabs
          value={shown}
          onChange={(name) => setQuery({ tab: name ?? first }, { replace: true })}
          keepMounted={false}
        >
          <Tabs.List mb="md">
            {tabs.map(({ name, label }) => (
              <Tabs.Tab key={name} value={name}>
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {tabs.map(({ name, Shown }) => (
            <Tabs.Panel key={name} value={name}>
              <Shown />
            </Tabs.Panel>
          ))}
        </Tabs>
      ) : (
        <Alert color="yellow">{forAdministrators}</Alert>
      )}
    </Page>
  );
}
