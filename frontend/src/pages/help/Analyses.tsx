import { Accordion, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { api } from "@/api/client";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Waiting } from "@/components/Waiting";
import { Markdown } from "@/pages/study/Markdown";
import { useTerms } from "@/terms";

/** How each analysis works, in the words of its own documentation. */
export function Analyses() {
  const { t } = useTranslation("help");
  const terms = useTerms();
  const { data, error } = api.useQuery(
    "get",
    "/api/v1/measurements/catalogue",
    {},
    { staleTime: Infinity },
  );
  if (!data) return error ? <ErrorPanel error={error} /> : <Waiting />;
  return (
    <>
      <Text size="sm" mb="sm">
        {t("analyses.text")}
      </Text>
      <Accordion variant="contained" order={3}>
        {data.analyses.map((analysis) => (
          <Accordion.Item key={analysis.name} value={analysis.name}>
            <Accordion.Control>{terms.analysis(analysis.name)}</Accordion.Control>
            <Accordion.Panel>
              <div lang="en">
                <Text size="sm" fw={600} mb="xs">
                  {analysis.title}
                </Text>
                <Markdown text={analysis.text} />
              </div>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </>
  );
}
