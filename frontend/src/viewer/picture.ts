/** The picture of a view, with what must not be cut off it. */

const LINE = 20;
const EDGE = 10;

/** Draws notices over the picture and words below it. */
export async function pictureFile(
  picture: ImageBitmap,
  notices: readonly string[],
  words: string,
): Promise<Blob> {
  const canvas = document.createElement("canvas");
  const scale = Math.max(1, Math.round(picture.width / 1000));
  const line = LINE * scale;
  canvas.width = picture.width;
  canvas.height = picture.height + line * (notices.length + 1) + EDGE;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser cannot make pictures");
  pen.fillStyle = "#000";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0);
  pen.textBaseline = "middle";
  [...notices, words].forEach((text, at) => {
    const isNotice = at < notices.length;
    pen.font = `${isNotice ? "bold " : ""}${13 * scale}px system-ui, sans-serif`;
    pen.fillStyle = isNotice ? "#ffc53d" : "#d3d9de";
    pen.fillText(
      text,
      EDGE,
      picture.height + line * (at + 0.5) + EDGE / 2,
      canvas.width - 2 * EDGE,
    );
  });
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error("this browser cannot make pictures"));
    }, "image/png");
  });
}

export function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
