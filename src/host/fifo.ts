/**
 * Plain text through a FIFO: it is in no file, only in the memory of the system while somebody reads it. Every reader that opens the
 * FIFO, one after the other, gets the whole text.
 */

import * as fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { TsopsError } from '../errors.ts';
import { systemCode } from './faults.ts';
import { runProgram } from './process.ts';

export interface ServedFifo {
  /** Ends the service; a reader that has not finished gets no more. */
  stop(): Promise<void>;
}

const makeMs = 10_000;

/** Makes a FIFO of mode 0600. @throws TsopsError FILE_UNWRITABLE */
async function makeFifo(path: string): Promise<void> {
  const { status } = await runProgram('mkfifo', ['-m', '600', path], { timeoutMs: makeMs });
  if (status === 0) return;
  throw new TsopsError('FILE_UNWRITABLE', 'a FIFO cannot be made', {
    hints: ['Use --no-fifo; the plain text is then in a private file while the command runs.'],
  });
}

/**
 * Makes a FIFO at a path and serves bytes through it until it is stopped.
 * @throws TsopsError FILE_UNWRITABLE
 */
export async function serveFifo(path: string, bytes: Uint8Array): Promise<ServedFifo> {
  await makeFifo(path);
  const service = new FifoService(path, bytes);
  return { stop: () => service.stop() };
}

class FifoService {
  readonly #path: string;
  readonly #bytes: Uint8Array;
  readonly #serving: Promise<void>;
  #stopped = false;

  constructor(path: string, bytes: Uint8Array) {
    this.#path = path;
    this.#bytes = bytes;
    this.#serving = this.#serve().catch(() => undefined);
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.#serving;
  }

  /**
   * A reader sees the end of the text only when no writer is left, so the next one must not find the same FIFO: as soon as a reader
   * is there, a new FIFO takes its name.
   */
  async #serve(): Promise<void> {
    while (!this.#stopped) {
      const next = `${this.#path}.next`;
      await makeFifo(next);
      const descriptor = await this.#openForReader();
      if (descriptor === undefined) return;
      fs.renameSync(next, this.#path);
      try {
        await this.#write(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
    }
  }

  /** Opening for writing fails while nobody reads. Waiting for it inside the system could not be ended. */
  async #openForReader(): Promise<number | undefined> {
    for (let waitMs = 1; !this.#stopped; waitMs = Math.min(waitMs * 1.5, 15)) {
      try {
        return fs.openSync(this.#path, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK);
      } catch (error) {
        if (systemCode(error) !== 'ENXIO') throw error;
      }
      await sleep(waitMs);
    }
    return undefined;
  }

  /** A reader that closes early has read what it wanted. */
  async #write(descriptor: number): Promise<void> {
    for (let at = 0; at < this.#bytes.length && !this.#stopped; ) {
      try {
        at += fs.writeSync(descriptor, this.#bytes, at);
      } catch (error) {
        if (systemCode(error) === 'EPIPE') return;
        if (systemCode(error) !== 'EAGAIN') throw error;
        await sleep(2);
      }
    }
  }
}
