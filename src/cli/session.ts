/**
 * An editing session: the plain text in a private file, the editor, and back to the editor until what it left can be used.
 * The private file is removed on every way out.
 */

import { TsopsError } from '../errors.ts';
import { env } from '../host/environment.ts';
import { readOptionalFile } from '../host/files.ts';
import { runInteractive } from '../host/process.ts';
import { createPrivateFile, type PrivateFile, sweepPrivateFiles } from '../host/temp.ts';
import { waitForEnter } from '../host/terminal.ts';
import { chooseEditor, type EditorCommand } from './editor.ts';
import type { Report } from './report.ts';

export class EditingSession {
  readonly #editor: EditorCommand;
  readonly #report: Report;
  readonly #name: string;
  #file: PrivateFile | undefined;
  #givenUp = false;
  #start: Uint8Array | undefined;

  /** @param name the path of the edited file; the private file has its base name. @throws TsopsError EDITOR_FAILED */
  constructor(name: string, report: Report) {
    this.#editor = chooseEditor(env);
    this.#report = report;
    this.#name = name;
    sweepPrivateFiles();
  }

  /**
   * Opens the editor once and gives what it left. It shows `start` first, and in every later call its own last text.
   * @throws TsopsError EDITOR_FAILED, EDIT_CANCELLED, FILE_UNWRITABLE
   */
  async open(start: Uint8Array): Promise<Uint8Array> {
    this.#start ??= start;
    this.#file ??= createPrivateFile(this.#name, start);
    const { path } = this.#file;
    const status = await runInteractive(this.#editor.program, [...this.#editor.args, path]);
    if (status !== 0) {
      throw new TsopsError('EDITOR_FAILED', `the editor ended with status ${status}; the file is as it was`, {
        hints: ['Run the command again; SOPS_EDITOR or EDITOR names another editor.'],
      });
    }
    const edited = await readOptionalFile(path);
    if (edited !== undefined) return edited;
    throw new TsopsError('EDIT_CANCELLED', 'the editor left no file; the file is as it was');
  }

  /**
   * Does some work with what the editor left, again and again until it succeeds: what it throws is shown, and after Enter the
   * text is open again. Where nobody can press Enter, and for what no other text makes good, the error is thrown.
   */
  async untilGood<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        await this.#askForAnother(error);
      }
    }
  }

  /** What was typed so far, where it is something else than what the editor was given; undefined where there is nothing to lose. */
  async left(): Promise<Uint8Array | undefined> {
    const text = this.#file === undefined ? undefined : await readOptionalFile(this.#file.path).catch(() => undefined);
    if (text === undefined || text.length === 0) return undefined;
    return Buffer.compare(text, this.#start ?? new Uint8Array()) === 0 ? undefined : text;
  }

  /** Removes the plain text. */
  end(): void {
    this.#file?.remove();
    this.#file = undefined;
  }

  async #askForAnother(error: unknown): Promise<void> {
    if (this.#file === undefined || this.#givenUp) throw error;
    if (!(error instanceof TsopsError) || final.has(error.code)) throw error;
    const shown = error.with({ file: this.#name });
    this.#givenUp = !(await waitForEnter(() => {
      this.#report.fail(shown);
      this.#report.tell('Press Enter to return to the editor, or Ctrl-C to give up.');
    }));
    if (this.#givenUp) throw shown.with({ hints: ['The file is as it was.'] });
  }
}

/** No other text makes these good. */
const final: ReadonlySet<string> = new Set([
  'FILE_UNCHANGED',
  'EDIT_CANCELLED',
  'EDITOR_FAILED',
  'FILE_UNWRITABLE',
  'AUDIT_FAILED',
]);
