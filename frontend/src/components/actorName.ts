/** Who did something: `user:anna` → `anna`; a token keeps its kind, since it is no person. */
export function actorName(actor: string): string {
  return actor.startsWith("user:") ? actor.slice("user:".length) : actor.replace(":", " ");
}
