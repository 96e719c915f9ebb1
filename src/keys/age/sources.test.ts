/** Where identities are looked for, what is said when they are not there, and that nothing of them is shown. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { explicitContext, systemContext } from '../context.ts';
import type { KeyContext } from '../provider.ts';
import { ageProvider } from './index.ts';

const keys = new URL('../../../testdata/vectors/keys/', import.meta.url);
const readKey = (name: string) => readFileSync(new URL(name, keys), 'utf8');
const publicKey = (name: string) => readKey(`${name}.pub`).trim();
const secretLine = (name: string) => readKey(name).trim().split('\n').at(-1)!;

const scratch = mkdtempSync(join(tmpdir(), 'tsops-sources-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

let files = 0;
function fileWith(content: string | Uint8Array, path = join(scratch, `file-${files++}`)): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** The machine with only these variables, in an empty home. */
function machine(variables: Record<string, string>, changes: Partial<KeyContext> = {}): KeyContext {
  const env = new Map(Object.entries(variables));
  const homeDir = join(scratch, `home-${files++}`);
  const configDir = join(homeDir, '.config');
  return { ...systemContext({ timeoutMs: 5_000 }), env: name => env.get(name), homeDir, configDir, ...changes };
}

const part = Uint8Array.from(randomBytes(32));
async function wrapped(name: string): Promise<{ kind: 'age'; recipient: string; enc: string }> {
  const key = { kind: 'age' as const, recipient: publicKey(name), enc: '' };
  return { ...key, enc: await ageProvider.wrap(key, part, explicitContext({}), randomBytes) };
}

async function opens(context: KeyContext, name: string): Promise<void> {
  const result = await ageProvider.unwrap(await wrapped(name), context);
  assert.ok(result instanceof Uint8Array, JSON.stringify(result));
  assert.deepEqual(Uint8Array.from(result), part);
}

/** All that is said about a key that does not open. No word of it may come from an identity. */
async function report(context: KeyContext, name = 'age-3'): Promise<string> {
  const result = await ageProvider.unwrap(await wrapped(name), context);
  assert.ok(!(result instanceof Uint8Array), 'it opened');
  const text = [result.reason, ...result.hints].join('\n');
  for (const secret of ['age-1.txt', 'age-2.txt', 'ssh-rsa'])
    for (const line of readKey(secret)
      .split('\n')
      .filter(found => found.length > 30 && !found.startsWith('#')))
      assert.ok(!text.includes(line.slice(5, 30)), 'a part of an identity is shown');
  return text;
}

const one = secretLine('age-1.txt');
const two = secretLine('age-2.txt');

describe('places', () => {
  const printer = (content: string) => `${process.execPath} -e "process.stdout.write('${content}')"`;
  const contexts: readonly [string, string, () => KeyContext][] = [
    ['given texts', 'age-1', () => explicitContext({ identities: ['# a comment', two, readKey('age-1.txt')] })],
    ['one given text', 'age-1', () => explicitContext({ identities: `${two}\n${one}` })],
    ['SOPS_AGE_KEY', 'age-1', () => machine({ SOPS_AGE_KEY: one })],
    ['SOPS_AGE_KEY with several in a line', 'age-1', () => machine({ SOPS_AGE_KEY: `${two} ${one}` })],
    ['SOPS_AGE_KEY_FILE', 'age-1', () => machine({ SOPS_AGE_KEY_FILE: fileWith(readKey('age-1.txt')) })],
    [
      'an indented key in a file with CRLF',
      'age-1',
      () => machine({ SOPS_AGE_KEY_FILE: fileWith(`# c\r\n\r\n\t ${one} \r\n`) }),
    ],
    ['a file with a byte order mark', 'age-1', () => machine({ SOPS_AGE_KEY_FILE: fileWith(`\ufeff${one}`) })],
    [
      'a file in UTF-16',
      'age-1',
      () => machine({ SOPS_AGE_KEY_FILE: fileWith(Buffer.from(`\ufeff${one}\r\n`, 'utf16le')) }),
    ],
    ['a file with one bad line', 'age-1', () => machine({ SOPS_AGE_KEY_FILE: fileWith(`hunter2\n${one}\n`) })],
    ['SOPS_AGE_KEY_CMD', 'age-1', () => machine({ SOPS_AGE_KEY_CMD: printer(one) })],
    [
      'a place beside broken ones',
      'age-1',
      () => machine({ SOPS_AGE_KEY_FILE: '/missing', SOPS_AGE_KEY_CMD: printer(one) }),
    ],
    [
      'SOPS_AGE_SSH_PRIVATE_KEY_FILE',
      'ssh-rsa',
      () => machine({ SOPS_AGE_SSH_PRIVATE_KEY_FILE: fileWith(readKey('ssh-rsa')) }),
    ],
    [
      'SOPS_AGE_SSH_PRIVATE_KEY_CMD',
      'ssh-ed25519',
      () => machine({ SOPS_AGE_SSH_PRIVATE_KEY_CMD: `cat ${fileWith(readKey('ssh-ed25519'))}` }),
    ],
  ];
  for (const [name, key, context] of contexts) it(name, () => opens(context(), key));

  it('the folders of the user', async () => {
    const context = machine({});
    fileWith(readKey('age-2.txt'), join(context.configDir!, 'sops', 'age', 'keys.txt'));
    fileWith(readKey('ssh-ed25519'), join(context.homeDir!, '.ssh', 'id_ed25519'));
    fileWith(readKey('ssh-rsa'), join(context.homeDir!, '.ssh', 'id_rsa'));
    for (const name of ['age-2', 'ssh-ed25519', 'ssh-rsa']) await opens(context, name);
  });

  it('explicit contexts do not look at the environment', async () => {
    process.env['SOPS_AGE_KEY'] = one;
    try {
      assert.match(await report(explicitContext({}), 'age-1'), /no age identity was found/);
    } finally {
      delete process.env['SOPS_AGE_KEY'];
    }
  });
});

describe('each place once a run', () => {
  it('files are read once', async () => {
    const reads: string[] = [];
    const system = systemContext();
    const path = fileWith(readKey('age-1.txt'));
    const context = machine(
      { SOPS_AGE_KEY_FILE: path },
      {
        readFile: read => {
          reads.push(read);
          return system.readFile(read);
        },
      },
    );
    for (let round = 0; round < 3; round++) await opens(context, 'age-1');
    assert.deepEqual(reads, [path]);
  });

  it('a command runs once for each recipient, and is told which', async () => {
    const seen: string[] = [];
    const system = systemContext();
    const context = machine(
      { SOPS_AGE_KEY_CMD: `cat '${fileWith(readKey('age-1.txt'))}'` },
      {
        run: (command, args, options) => {
          seen.push(options.env!['SOPS_AGE_RECIPIENT']!);
          return system.run!(command, args, options);
        },
      },
    );
    for (const name of ['age-3', 'age-1', 'age-3', 'age-1']) await ageProvider.unwrap(await wrapped(name), context);
    assert.deepEqual(seen, [publicKey('age-3')], 'what it printed for the first recipient fits the second');
  });

  it('a command does not run where a file has the identity', async () => {
    const context = machine({ SOPS_AGE_KEY: one, SOPS_AGE_KEY_CMD: 'false' }, { run: () => assert.fail('it ran') });
    await opens(context, 'age-1');
  });

  it('a passphrase is asked for once, and three times at most', async () => {
    const right = readKey('age-passphrase.passphrase.txt').trim();
    const answers = ['wrong', right];
    const file = fileWith(readKey('age-passphrase.age'));
    const asked: string[] = [];
    const askSecret = async (prompt: string) => {
      asked.push(prompt);
      return answers.shift();
    };
    const context = machine({ SOPS_AGE_KEY_FILE: file }, { askSecret });
    await opens(context, 'age-passphrase');
    await opens(context, 'age-passphrase');
    assert.deepEqual(asked, Array(2).fill(`Passphrase for SOPS_AGE_KEY_FILE (${file}): `));
    const never = machine({ SOPS_AGE_KEY_FILE: file }, { askSecret: async () => 'wrong' });
    assert.match(await report(never), /the passphrase was wrong/);
    const forSsh = machine({ SOPS_AGE_KEY_FILE: file }, { askSecret: () => assert.fail('an SSH key cannot be in it') });
    assert.match(await report(forSsh, 'ssh-rsa'), /no age identity/);
    const nobody = machine({ SOPS_AGE_KEY_FILE: file }, { askSecret: undefined });
    assert.match(await report(nobody), /nobody to ask/);
  });
});

describe('what is said when nothing opens', () => {
  const cases: readonly [string, Record<string, string>, RegExp][] = [
    [
      'nothing anywhere',
      {},
      /no age identity was found[\s\S]*looked for in SOPS_AGE_KEY \(nothing there\), SOPS_AGE_KEY_FILE \(nothing/,
    ],
    ['another identity', { SOPS_AGE_KEY: one }, /another one[\s\S]*add your recipient age1f7hjf4/],
    [
      'a missing file',
      { SOPS_AGE_KEY_FILE: '/missing/x' },
      /SOPS_AGE_KEY_FILE \(\/missing\/x\): the file does not exist/,
    ],
    ['a tilde', { SOPS_AGE_KEY_FILE: '~/keys.txt' }, /only a shell turns ~/],
    ['a folder', { SOPS_AGE_KEY_FILE: '/' }, /SOPS_AGE_KEY_FILE \(\/\): the file cannot be read/],
    ['an empty path', { SOPS_AGE_KEY_FILE: '' }, /SOPS_AGE_KEY_FILE: it is set but empty/],
    ['a bad line', { SOPS_AGE_KEY: `# x\n${one}\nhunter2` }, /SOPS_AGE_KEY: line 3 is not an age identity/],
    ['a recipient as identity', { SOPS_AGE_KEY: publicKey('age-3') }, /line 1 is a recipient \(public\)/],
    [
      'a mistyped identity',
      { SOPS_AGE_KEY: one.replace('1', '1Q') },
      /line 1 is an age identity with a typing mistake/,
    ],
    ['an identity in lower case', { SOPS_AGE_KEY: one.toLowerCase() }, /it has to be in capitals/],
    ['no identity at all', { SOPS_AGE_KEY: `# ${one}` }, /SOPS_AGE_KEY: it holds no identity/],
    ['a mistyped plugin identity', { SOPS_AGE_KEY: 'AGE-PLUGIN-YUBIKEY-1QQQQ' }, /with a typing mistake/],
    ['no command', { SOPS_AGE_KEY_CMD: '  ' }, /SOPS_AGE_KEY_CMD: it is empty/],
    ['an open quote', { SOPS_AGE_KEY_CMD: "cat '" }, /SOPS_AGE_KEY_CMD: it is empty or has a quote/],
    ['an unknown command', { SOPS_AGE_KEY_CMD: 'no-such-program-at-all' }, /its program was not found/],
    ['a failing command', { SOPS_AGE_KEY_CMD: `sh -c "echo ${one} >&2; exit 3"` }, /failed with exit status 3/],
    [
      'an encrypted file that is damaged',
      { SOPS_AGE_KEY: 'age-encryption.org/v1\nx' },
      /encrypted age file, but damaged/,
    ],
  ];
  for (const [name, variables, words] of cases)
    it(name, async () => assert.match(await report(machine(variables)), words));

  it('a command that hangs', async () => {
    const { run, timeoutMs } = systemContext({ timeoutMs: 100 });
    const context = machine({ SOPS_AGE_KEY_CMD: 'sleep 60' }, { run, timeoutMs });
    assert.match(await report(context), /did not end within 0.1 seconds/);
  });

  const sshCases: readonly [string, string, RegExp][] = [
    ['cut short', readKey('ssh-ed25519').slice(0, 200), /not a well-formed SSH private key/],
    ['damaged', readKey('ssh-ed25519').replace('AAAAE', 'AAAAF'), /not a well-formed SSH private key/],
    [
      'encrypted PKCS #8',
      '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----',
      /does not show its public key \(put it beside it/,
    ],
  ];
  for (const [name, content, words] of sshCases) {
    it(`an SSH key ${name}`, async () => {
      const path = fileWith(content);
      const text = await report(machine({ SOPS_AGE_SSH_PRIVATE_KEY_FILE: path }), 'ssh-ed25519');
      assert.match(text, words);
      assert.match(text, /SSH keys were looked for in SOPS_AGE_SSH_PRIVATE_KEY_FILE/);
    });
  }
});
