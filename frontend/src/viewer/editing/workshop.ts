/** The worker from the page's side: one order at a time, which can be called off. */
import { type Block, Undoable } from "./block";
import type { Operation } from "./operations";
import type { Answer, Order } from "./worker";

export class CalledOff extends Error {}

export class Workshop {
  #worker: Worker | null = null;
  #callOff: (() => void) | null = null;

  /** The block's labels when the operation is done; the block is given away. */
  perform(block: Block, operation: Operation): Promise<Uint8Array<ArrayBuffer>> {
    this.#worker ??= new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const worker = this.#worker;
    const order: Order = { block, operation };
    return new Promise((resolve, reject) => {
      this.#callOff = () => reject(new CalledOff());
      worker.onmessage = ({ data }: MessageEvent<Answer>) => {
        if ("labels" in data) resolve(data.labels);
        else reject("reason" in data ? new Undoable(data.reason) : new Error(data.error));
      };
      worker.onerror = (event) => reject(new Error(event.message || "the worker has stopped"));
      const given = block.values ? [block.values.buffer] : [];
      worker.postMessage(order, [block.labels.buffer, ...given]);
    });
  }

  /** Whatever is being done is not wanted any more. */
  end(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#callOff?.();
    this.#callOff = null;
  }
}
