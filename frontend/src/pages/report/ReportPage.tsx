import { Button, Container, Group, Text, Title } from "@mantine/core";
import { IconArrowLeft, IconFileTypePdf, IconPrinter } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";

import { ErrorPanel } from "@/components/ErrorPanel";
import { Waiting } from "@/components/Waiting";
import { reportUrl } from "@/pages/study/details/files";
import { useStudy } from "@/pages/study/queries";

import classes from "./Report.module.css";
import { Sheet } from "./Sheet";

/** One page of A4, to be printed or taken along as a PDF. */
export function ReportPage() {
  const { t, i18n } = useTranslation("report");
  const studyId = Number(useParams().studyId);
  const { data: study, error, refetch } = useStudy(studyId);
  const title = <title>{`${t("title")} ${studyId} · Heimdallr`}</title>;
  if (error && !study) return <ErrorPanel error={error} retry={() => void refetch()} />;
  if (!study) return <Waiting />;
  const back = (
    <Button
      variant="subtle"
      color="gray"
      size="xs"
      component={Link}
      to={`/studies/${studyId}`}
      leftSection={<IconArrowLeft size={16} />}
    >
      {t("back")}
    </Button>
  );
  if (!study.results)
    return (
      <Container py="xl">
        {title}
        <Title order={1} size="h3">
          {t("none")}
        </Title>
        <Text my="md">{back}</Text>
      </Container>
    );
  return (
    <div className={classes.desk}>
      {title}
      <Group className={classes.tools} justify="space-between">
        {back}
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            component="a"
            href={reportUrl(studyId, i18n.language)}
            download
            leftSection={<IconFileTypePdf size={16} />}
          >
            {t("pdf")}
          </Button>
          <Button size="xs" leftSection={<IconPrinter size={16} />} onClick={() => window.print()}>
            {t("print")}
          </Button>
        </Group>
      </Group>
      <Sheet study={study} results={study.results} />
    </div>
  );
}
