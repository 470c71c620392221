import type { Schemas } from "@/api/client";

import classes from "./charts.module.css";

type Sex = Schemas["PointOut"]["sex"];

const R = 4;

interface Props {
  x: number;
  y: number;
  sex: Sex;
}

/** A study: a circle is a woman, a square a man, a diamond neither or not known. */
export function Mark({ x, y, sex }: Props) {
  const looks = { className: classes.mark, "data-sex": sex ?? "O" };
  if (sex === "F") return <circle {...looks} cx={x} cy={y} r={R} />;
  if (sex === "M") return <rect {...looks} x={x - R} y={y - R} width={2 * R} height={2 * R} />;
  const d = `M${x} ${y - R - 1}l${R + 1} ${R + 1}l${-R - 1} ${R + 1}l${-R - 1} ${-R - 1}z`;
  return <path {...looks} d={d} />;
}
