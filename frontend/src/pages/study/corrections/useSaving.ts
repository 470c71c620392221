/** Sends what a person says of a study; says in plain words why it was refused, and what helps. */
import { notifications } from "@mantine/notifications";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "@/api/errors";
import { useRefusal } from "@/components/useRefusal";
import { useTerms } from "@/terms";
import { useRenewStudy } from "@/viewer/editing/api";

import type { Correction } from "./queries";

/**
 * Runs it, and lets the page follow; what is thrown is ready to be read.
 *
 * Also a refusal renews the page: it mostly says that something has changed.
 */
export function useSaving(studyId: number) {
  const { t } = useTranslation("corrections");
  const refusal = useRefusal();
  const renew = useRenewStudy(studyId);

  return useCallback(
    async <T>(send: () => Promise<{ data?: T }>): Promise<T> => {
      try {
        const { data } = await send();
        if (data === undefined) throw new ApiError(0, "unreachable", t("error.noAnswer"));
        await renew();
        return data;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 409) await renew();
        throw new Error(inWords(error), { cause: error });
      }

      function inWords(error: ApiError): string {
        if (error.status === 0) return t("error.unreachable");
        if (error.code === "other_base") return t("error.otherBase", { detail: refusal(error) });
        return refusal(error);
      }
    },
    [renew, t, refusal],
  );
}

/** Says what came of it where no dialog does. */
export function useTold() {
  const { t } = useTranslation("corrections");
  const terms = useTerms();
  return useCallback(
    ({ state, changed_measurements: count, error }: Correction) => {
      const message =
        state === "failed"
          ? terms.statement(error, t("state.failed"))
          : state === "pending"
            ? t("saved.later")
            : t("saved.changed", { count });
      notifications.show({ message, color: state === "failed" ? "red" : "teal" });
    },
    [t, terms],
  );
}
