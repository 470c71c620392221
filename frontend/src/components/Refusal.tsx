import { Alert } from "@mantine/core";

/** Why something was not done; nothing where it was. */
export function Refusal({ error }: { error: string }) {
  if (!error) return null;
  return (
    <Alert color="red" role="alert" p="xs">
      {error}
    </Alert>
  );
}
