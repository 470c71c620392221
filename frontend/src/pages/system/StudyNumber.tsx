import { Anchor } from "@mantine/core";
import { Link } from "react-router";

import { Missing } from "@/components/Missing";

/** Leads to the study that something is of; `why` there is none. */
export function StudyNumber({ id, why }: { id: number | null; why: string }) {
  if (id === null) return <Missing why={why} />;
  return (
    <Anchor component={Link} to={`/studies/${id}`} size="sm">
      {id}
    </Anchor>
  );
}
