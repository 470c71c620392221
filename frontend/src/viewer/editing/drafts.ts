/**
 * Edits that are not saved yet, kept in this browser: they survive a reload and a lost connection.
 *
 * One draft per person, study, base (the label maps it was made on) and window: who has a study open
 * twice writes two. It holds changed voxels and names of structures, nothing of the patient.
 */
import type { Grid } from "../geometry";
import { drawn } from "./lot";

export interface Draft extends DraftKey {
  images: Images;
  /** When the last edit was made. */
  at: Date;
  /** The changes as they would be sent, not compressed. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Structures that are changed. */
  structures: readonly string[];
}

export interface DraftKey {
  user: string;
  study: number;
  base: string;
  /** Drawn by lot whenever the page is loaded. */
  window: string;
}

/** What voxels are counted on. */
export interface Images extends Grid {
  series: string;
}

export interface DraftStore {
  put: (draft: Draft) => Promise<void>;
  remove: (draft: DraftKey) => Promise<void>;
}

export const THIS_WINDOW = drawn();
const [NAME, VERSION, STORE] = ["heimdallr-edits", 2, "drafts of windows"] as const;
const KEY = ["user", "study", "base", "window"] as const satisfies readonly (keyof DraftKey)[];

export function isSame(one: DraftKey, other: DraftKey): boolean {
  return KEY.every((part) => one[part] === other[part]);
}

/** The same edits twice: a page that was left in the middle of keeping them under another window. */
export function isTwin(one: Draft, other: Draft): boolean {
  return (
    one.base === other.base &&
    one.bytes.length === other.bytes.length &&
    one.bytes.every((byte, at) => byte === other.bytes[at])
  );
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("edits cannot be kept"));
  });
}

/** What is asked of the store, when it is on the disk. */
async function asked<T>(
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open(NAME, VERSION);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: [...KEY] });
  const database = await settled(opening);
  try {
    const transaction = database.transaction(STORE, mode, { durability: "strict" });
    const written = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("edits cannot be kept"));
    });
    const [answer] = await Promise.all([settled(ask(transaction.objectStore(STORE))), written]);
    return answer;
  } finally {
    database.close();
  }
}

export const DRAFTS: DraftStore = {
  put: async (draft) => {
    await asked("readwrite", (store) => store.put(draft));
  },
  remove: async (key) => {
    await asked("readwrite", (store) => store.delete(KEY.map((part) => key[part])));
  },
};

/** A person's drafts of a study, the newest first. */
export async function draftsOf(user: string, study: number): Promise<Draft[]> {
  const range = IDBKeyRange.bound([user, study], [user, study, []]);
  const found = (await asked("readonly", (store) => store.getAll(range))) as Draft[];
  return found.sort((one, other) => other.at.getTime() - one.at.getTime());
}

/** Rounding moves no voxel by more, mm; far below any spacing. */
const SAME_MM = 0.001;

/** Whether voxels of one are the same places of the same images in the other. */
export function isOn(one: Images, other: Images): boolean {
  const [from, to] = [one.affine.flat(), other.affine.flat()];
  return (
    one.series === other.series &&
    one.shape.every((size, axis) => size === other.shape[axis]) &&
    from.length === to.length &&
    from.every((value, at) => Math.abs(value - (to[at] ?? NaN)) <= SAME_MM)
  );
}

/** Drafts with one that was carried here, which is newer than what was kept of it. */
export function withCarried(drafts: readonly Draft[], carried: Draft | null): readonly Draft[] {
  return carried ? [carried, ...drafts.filter((one) => !isSame(one, carried))] : drafts;
}

/** The draft to offer, the newest of those that can be gone on with first; undefined without any. */
export function offerOf(drafts: readonly Draft[], images: Images): Draft | undefined {
  return drafts.find((draft) => isOn(draft.images, images)) ?? drafts[0];
}

/**
 * Keeps the latest draft, one writing at a time: what comes meanwhile waits, and only the last of it.
 */
export class DraftKeeper {
  readonly #store: DraftStore;
  readonly #failed: (error: unknown) => void;
  #next: Draft | null = null;
  #writing: Promise<void> | null = null;
  #isKept = true;

  constructor(store: DraftStore, failed: (error: unknown) => void) {
    this.#store = store;
    this.#failed = failed;
  }

  /** Keep a draft in the place of the one before; one without changes is removed. */
  keep(draft: Draft): void {
    this.#next = draft;
    this.#writing ??= this.#write();
  }

  /** When everything that was given has been written: whether the last of it is kept. */
  async done(): Promise<boolean> {
    while (this.#writing) await this.#writing;
    return this.#isKept;
  }

  async #write(): Promise<void> {
    while (this.#next) {
      const draft = this.#next;
      this.#next = null;
      try {
        if (draft.structures.length > 0) await this.#store.put(draft);
        else await this.#store.remove(draft);
        this.#isKept = true;
      } catch (error) {
        this.#isKept = false;
        this.#failed(error);
      }
    }
    this.#writing = null;
  }
}
