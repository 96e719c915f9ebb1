/**
 * The conversation with an age plugin: stanzas over its standard input and output. C2SP age-plugin, "IPC protocol". First we say
 * everything, then the plugin leads: every command of it gets one answer, until it says done.
 */

import type { RunningProgram } from '../../host/process.ts';
import { printable } from '../printable.ts';
import type { KeyContext } from '../provider.ts';
import { parseBase64 } from './base64.ts';
import type { Hindrance } from './file.ts';
import { isLastBodyLine, parseBodyLine, parseStanzaStart, printStanza, type Stanza } from './header.ts';

/** Why a conversation came to nothing. */
export interface PluginFault extends Hindrance {
  /** Whether it would be the same for every other key: the plugin is missing, or hangs. */
  readonly lasting: boolean;
}

export interface Conversation {
  /** The plugin's name, as in `age-plugin-NAME`. */
  readonly name: string;
  readonly machine: 'recipient-v1' | 'identity-v1';
  /** All that we say in the first phase; `done` is added. */
  readonly commands: readonly Stanza[];
  /** Takes a command of this state machine; undefined where it is not one. */
  take(command: Stanza): 'ok' | 'malformed' | undefined;
}

/** A plugin that talks without end is stopped. */
const maxCommands = 1000;
/** age tells the user after this time what it waits for. */
const noticeMs = 5000;
const maxMessageLength = 1000;
const programOf = (name: string) => `age-plugin-${name}`;

/** Holds a conversation to its end. Two at once would mix their questions on the terminal, so each waits for the one before. */
export function converse(conversation: Conversation, context: KeyContext): Promise<PluginFault | undefined> {
  const turn = 'age plugin turn';
  const before = context.once.get(turn) ?? Promise.resolve();
  const mine = before.then(async () => {
    const fault = await hold(conversation, context);
    return fault && { ...fault, plugin: conversation.name };
  });
  context.once.set(
    turn,
    mine.catch(() => undefined),
  );
  return mine;
}

async function hold(conversation: Conversation, context: KeyContext): Promise<PluginFault | undefined> {
  const { name, machine, commands } = conversation;
  if (context.start === undefined)
    return lasting(`it needs ${programOf(name)}, and no program may be run here`, [
      'Hand in an identity that needs no plugin.',
    ]);
  const program = await context.start(programOf(name), [`--age-plugin=${machine}`]);
  if (program === undefined)
    return lasting(`${programOf(name)} was not found on the PATH`, [
      `Install the age plugin "${name}" so that the program ${programOf(name)} is on the PATH; the current folder does not count.`,
    ]);
  const channel = new Channel(program, name, context);
  for (const command of [...commands, stanza('done')]) channel.send(command);
  const fault = await secondPhase(conversation, channel, context);
  // One that hangs is not waited for.
  const status = await program.end(fault !== undefined && fault !== 'ended' && fault.lasting ? 0 : undefined);
  return fault === 'ended' ? endedEarly(name, status) : fault;
}

async function secondPhase(
  { name, take }: Conversation,
  channel: Channel,
  context: KeyContext,
): Promise<PluginFault | 'ended' | undefined> {
  for (let count = 0; count < maxCommands; count += 1) {
    const command = await channel.next();
    if (command === 'ended') return 'ended';
    if (command === 'silent')
      return lasting(`${programOf(name)} did not answer for ${context.timeoutMs / 1000} seconds`, again(name));
    if (command === 'malformed') break;
    if (command.type === 'done') return undefined;
    if (command.type === 'error') {
      channel.send(stanza('ok'));
      return refused(name, command, await tell(context, name, command.body));
    }
    const taken = take(command);
    if (taken === 'malformed') break;
    const answer = taken === 'ok' ? stanza('ok') : await answerTo(command, name, context);
    if (answer === undefined) break;
    channel.send(answer);
  }
  return { reason: `${programOf(name)} does not keep to the age plugin protocol`, hints: again(name), lasting: false };
}

/** The answer to what every state machine may ask; undefined for a malformed question. */
async function answerTo({ type, args, body }: Stanza, name: string, context: KeyContext): Promise<Stanza | undefined> {
  if (type === 'msg') return stanza((await tell(context, name, body)) ? 'ok' : 'fail');
  if (type === 'confirm') return confirmation(args, `${shown(body)} (${programOf(name)})`, context);
  if (type !== 'request-secret' && type !== 'request-public') return stanza('unsupported');
  const ask = type === 'request-secret' ? context.askSecret : context.askVisibly;
  const answer = await orNothing(ask?.(`${shown(body)} (${programOf(name)}): `));
  return answer === undefined ? stanza('fail') : stanza('ok', [], Buffer.from(answer, 'utf8'));
}

async function confirmation(
  args: readonly string[],
  question: string,
  context: KeyContext,
): Promise<Stanza | undefined> {
  const [yes, no, ...more] = args.map(text => parseBase64(text));
  if (yes === undefined || more.length > 0 || (args.length === 2 && no === undefined)) return undefined;
  const chosen = await orNothing(context.confirm?.(question, shown(yes), no === undefined ? undefined : shown(no)));
  return chosen === undefined ? stanza('fail') : stanza('ok', [chosen ? 'yes' : 'no']);
}

/** A plugin's words go to the terminal, never into an error: what they hold is the plugin's business. */
async function tell(context: KeyContext, name: string, body: Uint8Array): Promise<boolean> {
  return (await orNothing(context.say?.(`${programOf(name)}: ${shown(body)}`))) ?? false;
}

/** A question that could not be put is one without an answer: the plugin decides what follows from that. */
function orNothing<T>(answer: Promise<T> | undefined): Promise<T | undefined> | undefined {
  return answer?.catch(() => undefined);
}

function shown(text: Uint8Array): string {
  return printable(Buffer.from(text).toString('utf8').slice(0, maxMessageLength));
}

const errorWords: ReadonlyMap<string | undefined, string> = new Map([
  ['recipient', 'does not accept the recipient'],
  ['identity', 'cannot use its identity'],
  ['stanza', 'could not open the wrapped key'],
]);

function refused(name: string, { args }: Stanza, told: boolean): PluginFault {
  const reason = `${programOf(name)} ${errorWords.get(args[0]) ?? 'failed'}`;
  const hint = told ? `What ${programOf(name)} says about it stands above.` : 'On a terminal its own words are shown.';
  return { reason, hints: [hint], lasting: false };
}

function endedEarly(name: string, status: number | null): PluginFault {
  if (status === 127)
    return lasting(`${programOf(name)} cannot be started`, [`See whether it runs at all: ${programOf(name)} --help`]);
  const how = status === null ? 'a signal ended it' : `exit status ${status}`;
  return { reason: `${programOf(name)} ended before it had answered (${how})`, hints: again(name), lasting: false };
}

function again(name: string): string[] {
  return [`See that the device or service of ${programOf(name)} is there, and that the plugin is up to date.`];
}

function lasting(reason: string, hints: readonly string[]): PluginFault {
  return { reason, hints, lasting: true };
}

export function stanza(type: string, args: readonly string[] = [], body: Uint8Array = new Uint8Array()): Stanza {
  return { type, args, body };
}

/** Stanzas to and from a program. A whole stanza has to come within `timeoutMs`. */
class Channel {
  readonly #program: RunningProgram;
  readonly #name: string;
  readonly #context: KeyContext;
  /** What came of a line whose end is still to come. */
  #rest: Uint8Array[] = [];
  #lines: string[] = [];
  #noticed = false;

  constructor(program: RunningProgram, name: string, context: KeyContext) {
    this.#program = program;
    this.#name = name;
    this.#context = context;
  }

  send(command: Stanza): void {
    this.#program.write(Buffer.from(printStanza(command), 'latin1'));
  }

  async next(): Promise<Stanza | 'ended' | 'silent' | 'malformed'> {
    const deadline = performance.now() + this.#context.timeoutMs;
    const line = await this.#line(deadline);
    if (line === 'ended' || line === 'silent') return line;
    const start = parseStanzaStart(line.text);
    if (start === undefined) return 'malformed';
    const parts: Uint8Array[] = [];
    for (;;) {
      const more = await this.#line(deadline);
      if (more === 'ended' || more === 'silent') return more;
      const part = parseBodyLine(more.text);
      if (part === undefined) return 'malformed';
      parts.push(part);
      if (isLastBodyLine(part)) return { ...start, body: Buffer.concat(parts) };
    }
  }

  async #line(deadline: number): Promise<{ readonly text: string } | 'ended' | 'silent'> {
    for (;;) {
      const text = this.#lines.shift();
      if (text !== undefined) return { text };
      const chunk = await this.#read(deadline);
      if (typeof chunk === 'string') return chunk;
      this.#split(chunk);
    }
  }

  #split(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#lines.push(Buffer.concat([...this.#rest, chunk.subarray(start, end)]).toString('latin1'));
      this.#rest = [];
      start = end + 1;
    }
    this.#rest.push(chunk.subarray(start));
  }

  async #read(deadline: number): Promise<Uint8Array | 'ended' | 'silent'> {
    const leftMs = Math.max(deadline - performance.now(), 0);
    const first = await this.#program.read(this.#noticed ? leftMs : Math.min(leftMs, noticeMs));
    if (first !== 'silent' || this.#noticed || leftMs <= noticeMs) return first ?? 'ended';
    this.#noticed = true;
    await orNothing(this.#context.say?.(`tsops waits for ${programOf(this.#name)} …`));
    return (await this.#program.read(leftMs - noticeMs)) ?? 'ended';
  }
}
