import { Kbd, SimpleGrid, Text, Title } from "@mantine/core";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";

import { type Shortcut, SHORTCUTS } from "@/app/shortcuts";

import classes from "./Shortcuts.module.css";

/** Every shortcut, by page. */
export function Shortcuts() {
  const { t } = useTranslation("help");
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="xl">
        {Object.entries(SHORTCUTS).map(([page, shortcuts]) => (
          <div key={page}>
            <Title order={3} size="h6" mb={6}>
              {t(`shortcuts.page.${page}`, { defaultValue: page })}
            </Title>
            <dl className={classes.shortcuts}>
              {shortcuts.map((shortcut) => (
                <OneShortcut key={shortcut.text} shortcut={shortcut} />
              ))}
            </dl>
          </div>
        ))}
      </SimpleGrid>
      <Text size="sm" c="dimmed" mt="md">
        {t("shortcuts.text")}
      </Text>
    </>
  );
}

function OneShortcut({ shortcut }: { shortcut: Shortcut }) {
  const { t } = useTranslation("help");
  return (
    <>
      <dt>
        {shortcut.keys.map((keys, alternative) => (
          <Fragment key={keys.join(" ")}>
            {alternative > 0 && <span className={classes.between}>{t("shortcuts.or")}</span>}
            {keys.map((key, place) => (
              <Fragment key={key}>
                {place > 0 && <span className={classes.between}>{t("shortcuts.then")}</span>}
                <Kbd>{key}</Kbd>
              </Fragment>
            ))}
          </Fragment>
        ))}
      </dt>
      <dd>{t(shortcut.text)}</dd>
    </>
  );
}
