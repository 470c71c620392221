import { ActionIcon, Group, Modal, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Study } from "../queries";
import classes from "./Details.module.css";
import { knownPicture, pictureUrl, sortedPictures } from "./pictures";

/** The pictures the pipeline drew; one click shows them large. */
export function Pictures({ study }: { study: Study }) {
  const { t } = useTranslation("study");
  const names = sortedPictures(study.results?.images ?? []);
  const madeAt = study.results?.provenance?.created_at;
  const [shown, setShown] = useState<number | null>(null);
  const caption = (name: string) => {
    const known = knownPicture(name);
    return known ? t(`picture.${known}`) : name.replace(/\.png$/, "").replaceAll("_", " ");
  };

  if (names.length === 0) return <Text c="dimmed">{t("picture.none")}</Text>;
  return (
    <>
      <div className={classes.pictures}>
        {names.map((name, n) => (
          <button key={name} type="button" className={classes.picture} onClick={() => setShown(n)}>
            <img src={pictureUrl(study.id, name, madeAt)} alt="" loading="lazy" />
            <span className={classes.caption}>{caption(name)}</span>
          </button>
        ))}
      </div>
      <Modal
        opened={shown !== null}
        onClose={() => setShown(null)}
        size="auto"
        title={shown !== null && caption(names[shown] ?? "")}
        centered
      >
        {shown !== null && (
          <Lightbox
            names={names}
            shown={shown}
            show={setShown}
            urlOf={(name) => pictureUrl(study.id, name, madeAt)}
            captionOf={caption}
          />
        )}
      </Modal>
    </>
  );
}

interface LightboxProps {
  names: string[];
  shown: number;
  show: (n: number) => void;
  urlOf: (name: string) => string;
  captionOf: (name: string) => string;
}

function Lightbox({ names, shown, show, urlOf, captionOf }: LightboxProps) {
  const { t } = useTranslation("study");
  const go = (by: number) => show((shown + by + names.length) % names.length);
  useHotkeys([
    ["ArrowLeft", () => go(-1)],
    ["ArrowRight", () => go(1)],
  ]);
  const name = names[shown] ?? "";
  return (
    <>
      <img className={classes.lightbox} src={urlOf(name)} alt={captionOf(name)} />
      {names.length > 1 && (
        <Group justify="center" mt="sm" gap="xs">
          <ActionIcon variant="default" aria-label={t("picture.previous")} onClick={() => go(-1)}>
            <IconChevronLeft size={18} />
          </ActionIcon>
          <Text size="sm" className="tabular">
            {t("picture.count", { n: shown + 1, of: names.length })}
          </Text>
          <ActionIcon variant="default" aria-label={t("picture.next")} onClick={() => go(1)}>
            <IconChevronRight size={18} />
          </ActionIcon>
        </Group>
      )}
    </>
  );
}
