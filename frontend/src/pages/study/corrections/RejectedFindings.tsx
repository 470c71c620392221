import { Text } from "@mantine/core";

import { useTerms } from "@/terms";

import { useHand } from "./hand";
import { NotBelieved } from "./NotBelieved";

/** Findings that a person does not believe: no longer among the others, but not gone either. */
export function RejectedFindings() {
  const terms = useTerms();
  const { overview } = useHand();
  const rejected = overview?.rejections.filter(({ kind }) => kind === "finding") ?? [];
  return rejected.map((rejection) => (
    <Text key={rejection.name} size="xs" c="dimmed" px={12} py={6}>
      <s>{terms.finding(rejection.name)}</s> — <NotBelieved rejection={rejection} />
    </Text>
  ));
}
