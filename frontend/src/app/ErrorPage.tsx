import { Container, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { isRouteErrorResponse, Link, useRouteError } from "react-router";

import { ErrorPanel } from "@/components/ErrorPanel";

/** Where an address leads nowhere, or a page broke. */
export function ErrorPage() {
  const { t } = useTranslation();
  const error = useRouteError();
  const unknown = isRouteErrorResponse(error) && error.status === 404;
  return (
    <Container component="main" py="xl">
      <title>Heimdallr</title>
      {unknown ? (
        <Title order={2}>{t("error.noPage")}</Title>
      ) : (
        <ErrorPanel error={error} retry={() => window.location.reload()} />
      )}
      <Text mt="md">
        <Link to="/">{t("nav.worklist")}</Link>
      </Text>
    </Container>
  );
}
