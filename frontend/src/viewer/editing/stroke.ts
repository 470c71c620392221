/** One stroke of the brush, from where the hand goes down to where it is lifted. */
import type { Triple } from "../geometry";
import type { LabelEditor, Labels } from "./labelEditor";
import { type Brush, paint, type Paint } from "./brush";
import { RunBuilder, type Runs } from "./runs";
import type { Box } from "./space";

export class Stroke {
  readonly #labels: Labels;
  readonly #brush: Brush;
  readonly #paint: Paint;
  /** A voxel's number and its label before, in one number that sorts: each changes once. */
  readonly #changes: number[] = [];
  #at: Triple | null = null;

  constructor(labels: Labels, brush: Brush, what: Paint) {
    this.#labels = labels;
    this.#brush = brush;
    this.#paint = what;
  }

  /** Paint on from where the hand was; tells the box to be drawn anew. */
  to(place: Triple): Box {
    const { voxels, space } = this.#labels;
    const line = [this.#at ?? place, place] as const;
    this.#at = place;
    return paint(voxels, space, line, this.#brush, this.#paint, (index, before) =>
      this.#changes.push(index * 256 + before),
    );
  }

  /** What it has changed. */
  end(editor: LabelEditor): void {
    editor.record({ map: this.#labels.map.name, runs: this.#runs() });
  }

  #runs(): Runs {
    const runs = new RunBuilder();
    for (const change of Float64Array.from(this.#changes).sort())
      runs.add(Math.floor(change / 256), 1, change % 256, this.#paint.label);
    return runs.done();
  }
}
