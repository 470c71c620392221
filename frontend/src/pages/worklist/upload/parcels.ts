/** What was dropped or chosen, as it is sent: each ZIP as it is, all other files as one ZIP. */

export interface Parcel {
  kind: "zip" | "files";
  files: File[];
}

/** What operating systems leave in folders. */
const LITTER = /^(\.|__MACOSX$|Thumbs\.db$|desktop\.ini$)/i;

export function isLitter(name: string): boolean {
  return LITTER.test(name);
}

export function parcelsOf(files: readonly File[]): Parcel[] {
  const wanted = files.filter(({ name, size }) => !isLitter(name) && size > 0);
  const isZip = ({ name }: File) => /\.zip$/i.test(name);
  const loose = wanted.filter((file) => !isZip(file));
  return [
    ...wanted.filter(isZip).map((file): Parcel => ({ kind: "zip", files: [file] })),
    ...(loose.length > 0 ? [{ kind: "files" as const, files: loose }] : []),
  ];
}

/** Every file of what was dropped, also in folders. It has to be called while the drop is told. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const found = [...transfer.items]
    .filter(({ kind }) => kind === "file")
    .map((item) => {
      const entry = item.webkitGetAsEntry();
      return entry ? filesBelow(entry) : Promise.resolve([item.getAsFile()]);
    });
  return (await Promise.all(found)).flat().filter((file) => file !== null);
}

async function filesBelow(entry: FileSystemEntry): Promise<File[]> {
  if (isLitter(entry.name)) return [];
  if (entry.isFile)
    return [
      await new Promise<File>((found, fail) => (entry as FileSystemFileEntry).file(found, fail)),
    ];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  for (;;) {
    // Browsers tell a folder in portions; an empty one is the end.
    const some = await new Promise<FileSystemEntry[]>((found, fail) =>
      reader.readEntries(found, fail),
    );
    if (some.length === 0) return files;
    for (const one of some) files.push(...(await filesBelow(one)));
  }
}
