import { Button, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { filesOf } from "../details/files";
import type { Results } from "../queries";

/** The evidence in two clicks, from wherever one is on the page. */
export function DownloadMenu({ studyId, results }: { studyId: number; results: Results }) {
  const { t, i18n } = useTranslation("study");
  return (
    <Menu position="bottom-end" width={300} withinPortal>
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<IconDownload size={16} />}>
          {t("download.menu")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {filesOf(studyId, results, t, i18n.language).map(({ href, label }) => (
          <Menu.Item key={href} component="a" href={href} download>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
