/** Works on a block apart from the page, so that the page does not freeze. */
import { type Block, Undoable } from "./block";
import { type Operation, perform } from "./operations";

export interface Order {
  block: Block;
  operation: Operation;
}

export type Answer =
  { labels: Uint8Array<ArrayBuffer> } | { reason: Undoable["reason"] } | { error: string };

function answerTo({ block, operation }: Order): Answer {
  try {
    return { labels: perform(block, operation) };
  } catch (error) {
    if (error instanceof Undoable) return { reason: error.reason };
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

self.onmessage = ({ data }: MessageEvent<Order>) => {
  const answer = answerTo(data);
  self.postMessage(answer, { transfer: "labels" in answer ? [answer.labels.buffer] : [] });
};
