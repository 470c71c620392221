import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";

import { api } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import type { Comparing } from "./comparing/useComparing";
import type { Engine } from "./engine";
import { AXES } from "./layouts";
import type { ViewerManifest } from "./manifest";
import { pictureFile, save } from "./picture";
import type { ViewerState } from "./state";

/** Saves what is seen; what the study's numbers must not be shown without is burnt in. */
export function usePicture(
  manifest: ViewerManifest,
  engine: Engine | null,
  state: ViewerState,
  comparing: Comparing | null,
) {
  const { t } = useTranslation("viewer");
  const terms = useTerms();
  const format = useFormat();
  const queries = useQueryClient();
  return useCallback(async () => {
    if (!engine || !state.window) return;
    const study = manifest.study_id;
    const options = api.queryOptions("get", "/api/v1/studies/{study_id}", {
      params: { path: { study_id: study } },
    });
    const told = await queries.query({ ...options, staleTime: "static" });
    const axis = AXES[state.layout];
    const slice = axis === undefined ? null : engine.sliceOf(axis) + 1;
    const { level, width } = state.window;
    const words = [
      `Heimdallr · ${study}`,
      t(`layout.${state.layout}`),
      slice === null ? "" : `${t("slider.label")} ${slice}`,
      comparing
        ? t(comparing.compared.number ? "compare.correction" : "compare.networks", {
            number: comparing.compared.number,
          })
        : "",
      comparing ? t(`compare.${comparing.side}`) : "",
      `L ${format.number(level)} W ${format.number(width)}`,
    ];
    const file = await pictureFile(
      await engine.picture(),
      terms.statements(told.notices_coded, told.notices),
      words.filter(Boolean).join(" · "),
    );
    save(file, `study-${study}-${state.layout}${slice === null ? "" : `-${slice}`}.png`);
  }, [engine, format, manifest, queries, state.layout, state.window, comparing, t, terms]);
}
