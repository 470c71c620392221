import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import classes from "./QuickLook.module.css";

/** The overlays, small; each leads to the study. */
export function LookPictures({ studyId, images }: { studyId: number; images: string[] }) {
  const { t } = useTranslation("worklist");
  if (images.length === 0) return null;
  // The overviews come last: what was found is looked at first.
  const inOrder = [...images].sort(
    (one, other) =>
      Number(one.includes("overview")) - Number(other.includes("overview")) ||
      one.localeCompare(other),
  );
  return (
    <section>
      <Title order={3} size="h6" mb={6}>
        {t("look.pictures")}
      </Title>
      <div className={classes.pictures}>
        {inOrder.map((image) => {
          const name = t(`pictures.${image.replace(/\.\w+$/, "")}`, { defaultValue: image });
          return (
            <Link key={image} to={`/studies/${studyId}`} className={classes.picture}>
              <img
                src={`/api/v1/studies/${studyId}/images/${encodeURIComponent(image)}`}
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
