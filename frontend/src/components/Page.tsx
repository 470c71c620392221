import { Container, Group, type MantineSize, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  title: string;
  /** Beside the heading. */
  aside?: ReactNode;
  size?: MantineSize | number;
  children: ReactNode;
}

/** A page with a heading; the browser's tab shows the same. */
export function Page({ title, aside, size = 1680, children }: Props) {
  return (
    <Container size={size} px={{ base: "sm", sm: "lg" }} py="md">
      <title>{`${title} · Heimdallr`}</title>
      <Group justify="space-between" mb="md" gap="xs">
        <Title order={1} size="h2">
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </Container>
  );
}
