import { setTimeout as delay } from "node:timers/promises";
import {
  type BackendFactory,
  ConnectionClosedError,
  type QueueBaseOptions,
  QueueKeys,
  RedisConnection,
  RedisQueueBackend,
  type WorkerOptions,
} from "bullmq";
import type { Redis } from "ioredis";
import type { QueueKind } from "../contracts/jobs.ts";
import { keyPrefix } from "../core/keys.ts";
import { luaScript } from "../runtime/lua-script.ts";
import { type Doorbell, type Marker, openDoorbell, type Waiting } from "./doorbell.ts";

const lookScript = luaScript(new URL("./queue-look.lua", import.meta.url));
const clearMarkerScript = luaScript(new URL("./clear-marker.lua", import.meta.url));

/** The keys of a queue that the two scripts need, in their order. */
const cleared = ["wait", "prioritized", "delayed", "marker"] as const;
const lookedAt = ["active", "stalled", "wait", "prioritized", "delayed"] as const;
const areInHand = 1;
const doWait = 2;

/** What all queues of one connection have in common. */
interface Shared {
  redis: Redis;
  connection: RedisConnection;
  /** One for each kind: who waits for many queues is not asked again for the sake of a busy one of another kind. */
  doorbells: Map<QueueKind, Doorbell>;
  /** By the backends of all workers. */
  keepers: Map<SharedBackend, Keeper>;
  isLookedAfter: boolean;
}

/** Who looks after the jobs in hand of one queue. */
export interface Keeper {
  /** Gives back those that were left behind; must not reject. */
  giveBackStalled: () => Promise<void>;
  /** Why nobody could look. */
  say: (error: unknown) => void;
}

const sharedOf = new WeakMap<Redis, Shared>();

/**
 * BullMQ's way to Redis, for hundreds of queues in one process. By itself BullMQ gives each worker a connection to
 * block on, and lets each ask every few seconds whether jobs of its queue were left behind. Here all of one kind wait on
 * one connection (doorbell.ts), and one script looks after all of them. Why: docs/adr/0029.
 */
export const sharedBackends =
  (redis: Redis, kind: QueueKind): BackendFactory<SharedBackend> =>
  (name, options) =>
    new SharedBackend(sharedBy(redis), kind, { name, options });

const sharedBy = (redis: Redis): Shared => {
  const known = sharedOf.get(redis);
  if (known) return known;
  // The version of Redis is checked once, at the start of the process.
  const connection = new RedisConnection(redis, { shared: true, blocking: false, skipVersionCheck: true });
  // Commands reject by themselves; without a listener the event would end the process.
  connection.on("error", () => undefined);
  const shared: Shared = {
    redis,
    connection,
    doorbells: new Map(),
    keepers: new Map(),
    isLookedAfter: false,
  };
  sharedOf.set(redis, shared);
  return shared;
};

const doorbellOf = ({ redis, doorbells }: Shared, kind: QueueKind): Doorbell => {
  const doorbell = doorbells.get(kind) ?? openDoorbell(redis);
  doorbells.set(kind, doorbell);
  return doorbell;
};

/** Looks at the queues of all workers; those that have work and wait all the same are woken: their sign was lost. */
const lookAtAll = async ({ redis, keepers }: Shared): Promise<SharedBackend[]> => {
  const backends = [...keepers.keys()];
  const keys = backends.flatMap(({ lookedAtKeys }) => lookedAtKeys);
  const looks = (await lookScript(redis, keys, [Date.now()])) as number[]; // its own answer
  const has = (what: number) => backends.filter((_, index) => ((looks[index] ?? 0) & what) !== 0);
  for (const backend of has(doWait)) backend.ring();
  return has(areInHand);
};

/** Looks now, and so long after each look has ended: BullMQ's script keeps all others from looking meanwhile. */
const lookAgainAndAgain = async (shared: Shared, everyMs: number): Promise<void> => {
  if (shared.isLookedAfter) return;
  shared.isLookedAfter = true;
  while (shared.keepers.size > 0) {
    try {
      const inHand = await lookAtAll(shared);
      await Promise.all(inHand.map(async (backend) => shared.keepers.get(backend)?.giveBackStalled()));
    } catch (error) {
      for (const { say } of shared.keepers.values().take(1)) say(error);
    }
    await delay(everyMs, undefined, { ref: false });
  }
  shared.isLookedAfter = false;
};

/** A class, because BullMQ's backend is one, and these are its questions that hundreds of queues must ask together. */
export class SharedBackend extends RedisQueueBackend {
  readonly lookedAtKeys: readonly string[];
  readonly #clearedKeys: readonly string[];
  readonly #shared: Shared;
  readonly #doorbell: Doorbell;
  readonly #waits = new Set<Waiting>();
  #isEmptied = false;

  constructor(
    shared: Shared,
    kind: QueueKind,
    { name, options }: { name: string; options: WorkerOptions | QueueBaseOptions },
  ) {
    const names = new QueueKeys(keyPrefix);
    const toKey = (type: string): string => names.toKey(name, type);
    super(shared.connection, name, names.getKeys(name), toKey, options, undefined, false);
    this.lookedAtKeys = lookedAt.map(toKey);
    this.#clearedKeys = cleared.map(toKey);
    this.#shared = shared;
    this.#doorbell = doorbellOf(shared, kind);
  }

  /**
   * Whether with the last job that was taken nothing was left in the queue, nor is due later, and no sign has reached us
   * since. True but once: it saves one question.
   */
  takeEmptied(): boolean {
    const isEmptied = this.#isEmptied;
    this.#isEmptied = false;
    return isEmptied;
  }

  override async moveToActive(token: string, name?: string): Promise<unknown[]> {
    const taking = super.moveToActive(token, name);
    const clearing = this.#clearMarker();
    const taken: unknown[] = await taking;
    this.#isEmptied = (await clearing) && Boolean(taken[0]); // the job
    return taken;
  }

  /** Right behind what BullMQ has just been called for, on the same connection. Where it fails, somebody is woken for nothing. */
  async #clearMarker(): Promise<boolean> {
    try {
      await this.client;
      return (await clearMarkerScript(this.#shared.redis, this.#clearedKeys, [])) === 1;
    } catch {
      return false;
    }
  }

  /** How long ago Redis answered the question for work; undefined: this queue does not ask at the moment. */
  get unansweredMs(): number | undefined {
    return this.#waits.size > 0 ? this.#doorbell.unansweredMs() : undefined;
  }

  override async waitForJob(seconds: number): Promise<Marker | null> {
    const wait = this.#doorbell.wait(this.toKey("marker"), seconds * 1_000);
    this.#waits.add(wait);
    try {
      return (await wait.marker) ?? null;
    } finally {
      this.#waits.delete(wait);
      this.#isEmptied = false;
    }
  }

  /** Wakes one worker that waits for this queue. */
  ring(): void {
    this.#doorbell.ring(this.toKey("marker"));
  }

  /** Waiting ends as if its connection had been closed: that is how a worker knows not to fetch anything more. */
  override disconnectBlocking(): Promise<void> {
    for (const wait of this.#waits) wait.leave(new ConnectionClosedError());
    return Promise.resolve();
  }

  /** From now on, until this is closed. `everyMs` is that of the first: all workers of a process have the same. */
  lookAfter(keeper: Keeper, everyMs: number): void {
    this.#shared.keepers.set(this, keeper);
    void lookAgainAndAgain(this.#shared, everyMs);
  }

  override close(): Promise<void> {
    const { keepers, doorbells } = this.#shared;
    this.closing ??= this.disconnectBlocking();
    keepers.delete(this);
    if (keepers.size === 0) for (const doorbell of doorbells.values()) doorbell.close();
    return this.closing;
  }
}
