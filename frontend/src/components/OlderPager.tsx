import { Button, Group } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Older } from "./older";

/** The way to older entries and back; nothing when all fit on one page. */
export function OlderPager({ pages, next }: { pages: Older; next: number | null | undefined }) {
  const { t } = useTranslation();
  if (pages.newest && next == null) return null;
  return (
    <Group justify="flex-end" mt="sm" gap="xs">
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconChevronLeft size={14} />}
        disabled={pages.newest}
        onClick={pages.goNewer}
      >
        {t("pages.newer")}
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        rightSection={<IconChevronRight size={14} />}
        disabled={next == null}
        onClick={() => next != null && pages.goOlder(next)}
      >
        {t("pages.older")}
      </Button>
    </Group>
  );
}
