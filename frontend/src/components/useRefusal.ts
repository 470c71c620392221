/** Why something was refused, and what helps, in the reader's language. */
import { useCallback } from "react";
import { useTranslation } from "react-i18next";

import { ApiError, messageOf } from "@/api/errors";
import { capitalised, useTerms } from "@/terms";

/**
 * Says what was thrown.
 *
 * What the server says of the study is a statement; what is said of the request has words under its
 * code (`tests/web/test_refusals_in_words.py`). Another program between us and it says neither.
 */
export function useRefusal(): (error: unknown) => string {
  const { t } = useTranslation();
  const terms = useTerms();
  return useCallback(
    (error) => {
      if (!(error instanceof ApiError)) return messageOf(error);
      const { why, code, detail, status } = error;
      if (why) return capitalised(terms.statement(why, detail));
      const known = code || (status >= 502 ? "unavailable" : "");
      return t(`refused.${known as "internal"}`, { defaultValue: detail });
    },
    [t, terms],
  );
}
