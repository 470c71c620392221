import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { pictureUrl, sortedPictures } from "@/pages/study/details/pictures";

import classes from "./QuickLook.module.css";

interface Props {
  studyId: number;
  images: string[];
  /** When the results were made. */
  madeAt: string | undefined;
}

/** The overlays, small; each leads to the study. */
export function LookPictures({ studyId, images, madeAt }: Props) {
  const { t } = useTranslation("worklist");
  if (images.length === 0) return null;
  return (
    <section>
      <Title order={3} size="h6" mb={6}>
        {t("look.pictures")}
      </Title>
      <div className={classes.pictures}>
        {sortedPictures(images).map((image) => {
          const stem = image.replace(/\.\w+$/, "");
          const name = t(`pictures.${stem}`, { defaultValue: stem.replaceAll("_", " ") });
          return (
            <Link key={image} to={`/studies/${studyId}`} className={classes.picture}>
              <img
                src={pictureUrl(studyId, image, madeAt)}
                alt={t("look.picture", { name })}
                loading="lazy"
              />
              <span aria-hidden>{name}</span>
            </Link>
          );
        })}
      </div>
    </section>
  );
}
