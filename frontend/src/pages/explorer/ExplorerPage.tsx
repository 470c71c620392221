import { Button, Group, Stack } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { Page } from "@/components/Page";

import { Distribution } from "./Distribution";
import { Filters } from "./Filters";
import { Pairs } from "./Pairs";
import { Start } from "./Start";
import { csvAddress, paramsOf, type View, viewOf } from "./view";

/** A measurement over all studies: how it is distributed, and against what it goes. */
export function ExplorerPage() {
  const { t } = useTranslation("explorer");
  const [params, setParams] = useSearchParams();
  const view = viewOf(params);
  const change = (changed: Partial<View>) =>
    setParams(paramsOf({ ...view, ...changed }), { replace: true });
  return (
    <Page
      title={t("title")}
      aside={
        view.name && (
          <Group>
            <Button
              component="a"
              href={csvAddress(view)}
              download
              variant="default"
              size="xs"
              leftSection={<IconDownload size={14} />}
            >
              {t("csv")}
            </Button>
          </Group>
        )
      }
    >
      <Stack gap="md">
        <Filters view={view} onChange={change} />
        {!view.name && <Start onChoose={(name) => change({ name })} />}
        {view.name && view.against && <Pairs view={view} against={view.against} />}
        {view.name && <Distribution view={view} />}
      </Stack>
    </Page>
  );
}
