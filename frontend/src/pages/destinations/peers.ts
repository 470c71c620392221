/** What is asked about a destination of each kind, and what is made of the answers. */
import type { Schemas } from "@/api/client";
import type { ObjectKind } from "@/delivery/deliveries";

export type Destination = Schemas["DestinationOut"];
export type DestinationIn = Schemas["DestinationIn"];
export type Peer = Destination["peer"];
export type PeerKind = Peer["kind"];

export const KINDS: readonly PeerKind[] = ["dicom", "dicomweb", "fhir", "hl7", "webhook", "folder"];

/** A field of any kind of peer, and how it is filled in. */
export const CHOICES = {
  segmentation: ["binary", "labelmap"],
  structures: ["usual", "all"],
  captures: ["multi_frame", "single_frame"],
  character_set: ["UNICODE UTF-8", "8859/1", "ASCII"],
} as const;
const SWITCHES = ["tls", "commitment"] as const;

export type Choice = keyof typeof CHOICES;
export type Switch = (typeof SWITCHES)[number];
/** Written out. */
export type Word =
  | "ae_title"
  | "calling_ae"
  | "host"
  | "port"
  | "url"
  | "user"
  | "ca"
  | "path"
  | "receiving_application"
  | "receiving_facility"
  | "sending_facility"
  | "assigning_authority"
  | "patient_system"
  | "accession_system";
export type Field = Choice | Switch | Word;
export type Values = Partial<Record<Field, string | boolean>>;

const ARCHIVE_OBJECTS = ["segmentation", "structures", "captures"] as const;

/** All there is to say of each kind, as the server knows it. */
type FieldsOf<Kind extends PeerKind> = Exclude<keyof Extract<Peer, { kind: Kind }>, "kind">;

const FIELDS: { [Kind in PeerKind]: readonly (FieldsOf<Kind> & Field)[] } = {
  dicom: ["ae_title", "host", "port", "calling_ae", "tls", "ca", "commitment", ...ARCHIVE_OBJECTS],
  dicomweb: ["url", "user", "ca", ...ARCHIVE_OBJECTS],
  fhir: ["url", "user", "ca", "patient_system", "accession_system"],
  hl7: [
    "host", "port", "tls", "ca",
    "receiving_application", "receiving_facility", "sending_facility",
    "assigning_authority", "character_set",
  ],
  webhook: ["url", "ca"],
  folder: ["path"],
}; // prettier-ignore

const REQUIRED: readonly Field[] = ["ae_title", "host", "port", "url", "path"];
const PORTS: Partial<Record<PeerKind, string>> = { dicom: "104", hl7: "2575" };

export const isChoice = (field: Field): field is Choice => field in CHOICES;
export const isSwitch = (field: Field): field is Switch =>
  (SWITCHES as readonly Field[]).includes(field);
export const isRequired = (field: Field) => REQUIRED.includes(field);

/** Which kinds have a password, a token or a key. */
export const hasSecret = (kind: PeerKind) =>
  kind === "dicomweb" || kind === "fhir" || kind === "webhook";

/** What is asked; certificates only where the line is encrypted. */
export function fieldsOf(kind: PeerKind, values: Values): Field[] {
  const fields: readonly Field[] = FIELDS[kind];
  const isEncrypted = values.tls === true || String(values.url ?? "").startsWith("https:");
  return fields.filter((field) => field !== "ca" || isEncrypted);
}

/** What a form begins with: what there is, or what is usual. */
export function valuesOf(kind: PeerKind, peer?: Peer): Values {
  const known = peer?.kind === kind ? (peer as Partial<Record<Field, unknown>>) : {};
  return Object.fromEntries(
    FIELDS[kind].map((field) => {
      const value = known[field];
      if (isSwitch(field)) return [field, value === true];
      if (isChoice(field)) return [field, value ?? CHOICES[field][0]];
      if (field === "port") return [field, typeof value === "number" ? `${value}` : PORTS[kind]];
      return [field, typeof value === "string" ? value : ""];
    }),
  );
}

/** What the server is told, which judges it; what is not asked here stays as it is. */
export function peerOf(kind: PeerKind, values: Values, known?: Peer): Peer {
  const told = fieldsOf(kind, values).map((field) => {
    const value = values[field];
    if (field === "port") return [field, Number(value)];
    if (field === "ca") return [field, value === "" ? null : value];
    return [field, typeof value === "string" ? value.trim() : value];
  });
  const kept = known?.kind === kind ? known : {};
  return { ...kept, kind, ...(Object.fromEntries(told) as object) } as Peer;
}

/** Where it is, in one line. */
export function addressOf(peer: Peer): string {
  if (peer.kind === "dicom") return `${peer.ae_title} @ ${peer.host}:${peer.port}`;
  if (peer.kind === "hl7") return `${peer.host}:${peer.port}`;
  return peer.kind === "folder" ? peer.path : peer.url;
}

/** A destination as it would be told back, to change one thing of it. */
export function asGiven(destination: Destination): DestinationIn {
  const { name, peer, language, objects, enabled } = destination;
  return { name, peer, language, objects, enabled, secret: null };
}

/** What it is sent where nobody chooses. */
export function objectsOf(one: {
  objects: readonly ObjectKind[];
  usual: readonly ObjectKind[];
}): readonly ObjectKind[] {
  return one.objects.length > 0 ? one.objects : one.usual;
}
