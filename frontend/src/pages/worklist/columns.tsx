/** The columns: what they are called, how wide they are, and what stands in them. */
import {
  columnVisibilityFeature,
  createColumnHelper,
  rowSelectionFeature,
  rowSortingFeature,
  tableFeatures,
} from "@tanstack/react-table";

import {
  AccessionCell,
  AgeCell,
  DateCell,
  DescriptionCell,
  FindingsCell,
  MarksCell,
  ModalityCell,
  PatientCell,
  PatientIdCell,
  ReceivedCell,
  RegionsCell,
  StateCell,
  TurnaroundCell,
} from "./cells";
import type { Study } from "./useWorklist";

export const features = tableFeatures({
  columnVisibilityFeature,
  rowSelectionFeature,
  rowSortingFeature,
});
const helper = createColumnHelper<typeof features, Study>();

/** Columns that can be sorted are called as the server calls the order. */
export const columns = helper.columns([
  helper.display({ id: "select", enableHiding: false }),
  helper.display({
    id: "marks",
    enableHiding: false,
    cell: ({ row }) => <MarksCell study={row.original} />,
  }),
  helper.accessor("state", {
    id: "state",
    enableHiding: false,
    sortDescFirst: false,
    cell: ({ row }) => <StateCell study={row.original} />,
  }),
  helper.accessor("patient_name", {
    id: "name",
    enableHiding: false,
    sortDescFirst: false,
    cell: ({ row }) => <PatientCell study={row.original} />,
  }),
  helper.display({ id: "patientId", cell: ({ row }) => <PatientIdCell study={row.original} /> }),
  helper.display({ id: "age", cell: ({ row }) => <AgeCell study={row.original} /> }),
  helper.accessor("study_date", {
    id: "date",
    sortDescFirst: true,
    cell: ({ row }) => <DateCell study={row.original} />,
  }),
  helper.display({ id: "accession", cell: ({ row }) => <AccessionCell study={row.original} /> }),
  helper.display({ id: "modality", cell: ({ row }) => <ModalityCell study={row.original} /> }),
  helper.display({
    id: "description",
    cell: ({ row }) => <DescriptionCell study={row.original} />,
  }),
  helper.display({ id: "regions", cell: ({ row }) => <RegionsCell study={row.original} /> }),
  helper.accessor("worst_severity", {
    id: "severity",
    sortDescFirst: true,
    cell: ({ row }) => <FindingsCell study={row.original} />,
  }),
  helper.accessor("received_at", {
    id: "received",
    sortDescFirst: true,
    cell: ({ row }) => <ReceivedCell study={row.original} />,
  }),
  helper.accessor("turnaround_s", {
    id: "turnaround",
    sortDescFirst: true,
    cell: ({ row }) => <TurnaroundCell study={row.original} />,
  }),
  helper.display({ id: "look", enableHiding: false }),
]);

export type ColumnId =
  | "select"
  | "marks"
  | "state"
  | "name"
  | "patientId"
  | "age"
  | "date"
  | "accession"
  | "modality"
  | "description"
  | "regions"
  | "severity"
  | "received"
  | "turnaround"
  | "look";

/** Pixels; `grows` takes what is left over. */
export const WIDTHS: Record<ColumnId, { width: number; grows?: boolean }> = {
  select: { width: 36 },
  marks: { width: 100 },
  state: { width: 118 },
  name: { width: 158 },
  patientId: { width: 86 },
  age: { width: 66 },
  date: { width: 146 },
  accession: { width: 90 },
  modality: { width: 46 },
  description: { width: 142 },
  regions: { width: 96 },
  severity: { width: 170, grows: true },
  received: { width: 96 },
  turnaround: { width: 86 },
  look: { width: 38 },
};
