/**
 * In which order, and when, the master keys of a file are asked for its data key or for shares of it. Keys of this machine are asked
 * one at a time, since a person may have to act. Services in the network are not waited for one after the other: when one is slow,
 * the next key is asked beside it. sops 3.13.2 sops.go GetDataKeyWithKeyServices asks strictly in a row.
 */

import type { KeyGroup, MasterKey } from '../core/metadata.ts';
import { masterKeyText } from '../core/metadata.ts';
import { isLocal } from './index.ts';
import type { KeyContext, UnwrapFailure } from './provider.ts';
import { unwrapKey } from './services.ts';

/** How long a service is given before the next service is asked, and before a key is tried for which somebody may be disturbed. */
const patienceMs = { service: 500, person: 5_000 };

/** What came of one group. */
export interface GroupOutcome {
  /** The data key or share, and the key that gave it; undefined where none did or none was needed. */
  opened: { readonly part: Uint8Array; readonly key: MasterKey } | undefined;
  /** Whether it opened with a part that an earlier group had given. */
  isRepeated: boolean;
  /** In the order in which the keys were asked. */
  failures: UnwrapFailure[];
}

export interface OpeningOptions {
  readonly order: readonly string[];
  /** How many different parts are wanted; no key is asked once they are there. */
  readonly wanted: number;
  readonly partBytes: number;
  /** What tells two parts apart. */
  readonly idOf: (part: Uint8Array) => number;
  readonly context: KeyContext;
}

type Result = Uint8Array | UnwrapFailure;

interface Turn {
  readonly key: MasterKey;
  readonly group: number;
  /** Its place among the failures of its group. */
  readonly place: number;
}

/** Asks the keys of all groups, group by group, until enough parts are there. The outcomes are in the order of the groups. */
export async function openGroups(groups: readonly KeyGroup[], options: OpeningOptions): Promise<GroupOutcome[]> {
  return new Opening(groups, options).run(groups);
}

class Opening {
  readonly #options: OpeningOptions;
  readonly #outcomes: GroupOutcome[];
  readonly #parts = new Set<number>();
  /** What wrapped keys gave: an equal one elsewhere in the file is not asked again. */
  readonly #asked = new Map<string, Result | Promise<Result>>();
  /** Turns that have not ended. */
  readonly #running = new Set<Promise<void>>();
  /** What services have thrown, which is a fault of ours. It counts only where the file does not open without them. */
  readonly #faults: unknown[] = [];

  constructor(groups: readonly KeyGroup[], options: OpeningOptions) {
    this.#options = options;
    this.#outcomes = groups.map(() => ({ opened: undefined, isRepeated: false, failures: [] }));
  }

  async run(groups: readonly KeyGroup[]): Promise<GroupOutcome[]> {
    for (const [group, keys] of groups.entries()) {
      for (const [place, key] of inOrder(keys, this.#options.order).entries()) {
        await this.#patience(key);
        if (this.#isDone()) return this.#settled();
        if (this.#isOver(group)) break;
        await this.#take({ key, group, place });
      }
    }
    while (this.#running.size > 0 && !this.#isDone()) await Promise.race(this.#running);
    if (this.#faults.length > 0 && !this.#isDone()) throw this.#faults[0];
    return this.#settled();
  }

  #isDone(): boolean {
    return this.#parts.size >= this.#options.wanted;
  }

  #isOver(group: number): boolean {
    const { opened, isRepeated } = this.#outcomes[group]!;
    return opened !== undefined || isRepeated;
  }

  /** Waits until one of the services that are being asked has answered, or has had its time. */
  async #patience(next: MasterKey): Promise<void> {
    if (this.#running.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const elapsed = new Promise<void>(settle => {
      timer = setTimeout(settle, patienceMs[isLocal(next.kind) ? 'person' : 'service']);
    });
    try {
      await Promise.race([...this.#running, elapsed]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks for a part. A service is left to answer while the next turn comes; all else has ended then. */
  async #take(turn: Turn): Promise<void> {
    const { key } = turn;
    const id = isLocal(key.kind) ? `${key.kind} ${key.enc}` : `${key.kind} ${masterKeyText(key)} ${key.enc}`;
    const known = this.#asked.get(id);
    if (known !== undefined && !(known instanceof Promise)) return this.#note(turn, known);
    const asking = known ?? this.#ask(key);
    this.#asked.set(id, asking);
    const noted = asking.then(result => {
      this.#asked.set(id, result);
      this.#note(turn, result);
    });
    if (isLocal(key.kind)) return noted;
    const ended = noted
      .catch((error: unknown) => this.#faults.push(error))
      .then(() => void this.#running.delete(ended));
    this.#running.add(ended);
  }

  async #ask(key: MasterKey): Promise<Result> {
    if (key.enc === '') return { key, reason: 'the file holds no wrapped key for it', hints: [] };
    return unwrapKey(key, this.#options.partBytes, this.#options.context);
  }

  /** A part that nobody waits for any more is wiped. */
  #note({ key, group, place }: Turn, result: Result): void {
    const outcome = this.#outcomes[group]!;
    if (!(result instanceof Uint8Array)) outcome.failures[place] = { ...result, key };
    else if (this.#isDone() || this.#isOver(group)) {
      if (!this.#outcomes.some(({ opened }) => opened?.part === result)) result.fill(0);
    } else if (this.#parts.has(this.#options.idOf(result))) outcome.isRepeated = true;
    else {
      this.#parts.add(this.#options.idOf(result));
      outcome.opened = { part: result, key };
    }
  }

  /** Services that have not answered yet are left behind: what they say changes nothing any more. */
  #settled(): GroupOutcome[] {
    return this.#outcomes.map(outcome => ({ ...outcome, failures: outcome.failures.filter(failure => failure) }));
  }
}

/** Stable: kinds as in the order, all others behind them as in the file. sops 3.13.2 sortKeyGroupIndices */
function inOrder(group: KeyGroup, order: readonly string[]): MasterKey[] {
  const rank = (key: MasterKey) => (order.includes(key.kind) ? order.indexOf(key.kind) : order.length);
  return [...group].sort((one, other) => rank(one) - rank(other));
}
