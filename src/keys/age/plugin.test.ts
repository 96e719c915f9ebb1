/** age plugins through the real protocol with a real process: testdata/plugins/age-plugin-tsopstest.mjs, and what it may do wrong. */

import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TsopsError } from '../../errors.ts';
import { explicitContext, systemContext } from '../context.ts';
import type { KeyContext } from '../provider.ts';
import { parseArmor } from './armor.ts';
import { printBech32 } from './bech32.ts';
import { parseFile } from './file.ts';
import { ageProvider } from './index.ts';
import { recipientsOfIdentities } from './keygen.ts';
import { identityPlugin, recipientPlugin } from './plugin-name.ts';

const windows = process.platform === 'win32';
const folder = mkdtempSync(join(tmpdir(), 'tsops-plugin-'));
const source = fileURLToPath(new URL('../../../testdata/plugins/age-plugin-tsopstest.mjs', import.meta.url));
const keys = new URL('../../../testdata/vectors/keys/', import.meta.url);
const nativeFile = readFileSync(new URL('age-1.txt', keys), 'utf8');
const nativeRecipient = readFileSync(new URL('age-1.pub', keys), 'utf8').trim();
const path = process.env['PATH'] ?? '';

before(() => {
  writeFileSync(join(folder, 'age-plugin-tsopstest'), `#!/bin/sh\nexec '${process.execPath}' '${source}' "$@"\n`);
  writeFileSync(join(folder, 'age-plugin-broken'), '#!/nonexistent/interpreter\n');
  for (const name of ['tsopstest', 'broken']) chmodSync(join(folder, `age-plugin-${name}`), 0o755);
  process.env['PATH'] = `${folder}${delimiter}${path}`;
});
after(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true, force: true });
});

const pair = generateKeyPairSync('x25519');
const point = pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
const scalar = pair.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
const withScenario = (key: Uint8Array, scenario: string) => Buffer.concat([key, Buffer.from(scenario)]);
const recipientFor = (scenario = '', name = 'tsopstest') => printBech32(`age1${name}`, withScenario(point, scenario));
const identityFor = (scenario = '', name = 'tsopstest', key: Uint8Array = scalar) =>
  printBech32(`age-plugin-${name}-`, withScenario(key, scenario)).toUpperCase();

/** A machine that finds identities in SOPS_AGE_KEY alone and cannot ask. */
function machine(identities: string, changes: Partial<KeyContext> = {}): KeyContext {
  const system = systemContext({ timeoutMs: 10_000, mayAsk: false });
  const env = (name: string) => (name === 'SOPS_AGE_KEY' ? identities : undefined);
  return { ...system, env, homeDir: undefined, configDir: undefined, ...changes };
}

const part = Uint8Array.from(randomBytes(32));
const wrap = (recipient: string, context = machine('')) =>
  ageProvider.wrap({ kind: 'age', recipient, enc: '' }, part, context, randomBytes);
const unwrap = (enc: string, context: KeyContext, recipient = recipientFor()) =>
  ageProvider.unwrap({ kind: 'age', recipient, enc }, context);

async function opens(enc: string, context: KeyContext): Promise<void> {
  const result = await unwrap(enc, context);
  assert.ok(result instanceof Uint8Array, JSON.stringify(result));
  assert.deepEqual(Uint8Array.from(result), part);
}

async function refusal(enc: string, context: KeyContext, recipient?: string): Promise<string> {
  const result = await unwrap(enc, context, recipient);
  assert.ok(!(result instanceof Uint8Array), 'it opened');
  const text = [result.reason, ...result.hints].join('\n');
  assert.ok(!text.includes('words of the plugin'), 'the words of the plugin are in the report');
  return text;
}

async function wrapRefusal(recipient: string, context = machine('')): Promise<string> {
  const error = await wrap(recipient, context).then(
    () => assert.fail('it was wrapped'),
    failure => failure,
  );
  assert.ok(error instanceof TsopsError && error.code === 'WRAP_FAILED', String(error));
  assert.ok(!error.message.includes('words of the plugin'));
  return [error.message, ...error.hints].join('\n');
}

describe('names', () => {
  const cases: readonly [string, string | undefined][] = [
    [recipientFor(), 'tsopstest'],
    [recipientFor('', 'a.b-c_d+1'), 'a.b-c_d+1'],
    [recipientFor('', '../x'), undefined],
    [recipientFor('', 'a\\b'), undefined],
    [recipientFor('', 'a$b'), undefined],
    [`${recipientFor().slice(0, -1)}${recipientFor().endsWith('q') ? 'p' : 'q'}`, undefined],
    [nativeRecipient, undefined],
  ];
  for (const [text, name] of cases) it(text.slice(0, 24), () => assert.equal(recipientPlugin(text), name));

  it('of identities', () => {
    assert.equal(identityPlugin(identityFor()), 'tsopstest');
    assert.equal(identityPlugin(identityFor('', 'a/b')), undefined);
    assert.equal(identityPlugin(identityFor().toLowerCase()), undefined);
    assert.equal(identityPlugin(printBech32('age-plugin--', point).toUpperCase()), undefined);
  });

  it('a recipient with a name that is none is refused', () => {
    assert.throws(() => ageProvider.parse(recipientFor('', '../x')), {
      code: 'KEY_INVALID',
      message: /names its plugin/,
    });
    assert.equal(ageProvider.parse(`${recipientFor()}, ${nativeRecipient}`).length, 2);
  });
});

describe('wrapping and opening', { skip: windows }, () => {
  it('both ways, once each', async () => {
    const enc = await wrap(recipientFor());
    const stanzas = parseFile(parseArmor(enc)!)!.header.stanzas;
    assert.deepEqual(
      stanzas.map(({ type }) => type),
      ['tsopstest'],
    );
    await opens(enc, machine(identityFor()));
  });

  it('commands that nobody knows get an answer', async () => {
    const enc = await wrap(recipientFor('grease'));
    await opens(enc, machine(identityFor('grease')));
  });

  it('a plugin may make several stanzas', async () => {
    const enc = await wrap(recipientFor('two'));
    assert.equal(parseFile(parseArmor(enc)!)!.header.stanzas.length, 2);
    await opens(enc, machine(identityFor()));
  });

  it('identities of all kinds in one text', async () => {
    const other = identityFor('', 'tsopstest', randomBytes(32));
    const context = machine(`# mine\n${nativeFile}\n${other}\n${identityFor()}\n`);
    await opens(await wrap(recipientFor()), context);
    await opens(await wrap(nativeRecipient), context);
  });

  it('an encrypted identity file with a plugin in it', async () => {
    const { Encrypter } = await import('age-encryption');
    const encrypter = new Encrypter();
    encrypter.setPassphrase('open');
    encrypter.setScryptWorkFactor(2);
    const locked = await encrypter.encrypt(identityFor());
    const changes = {
      env: (name: string) => (name === 'SOPS_AGE_KEY_FILE' ? '/locked' : undefined),
      readFile: async () => locked,
      askSecret: async () => 'open',
    };
    await opens(await wrap(recipientFor()), machine('', changes));
  });

  it('a plugin is not run where another identity opens the key', async () => {
    const context = machine(`${identityFor('hang')}\n${nativeFile}`, { start: () => assert.fail('it ran') });
    await opens(await wrap(nativeRecipient), context);
  });

  it('a plugin that does not end is ended', async () => {
    const begun = Date.now();
    await opens(await wrap(recipientFor('stays')), machine(identityFor('stays')));
    assert.ok(Date.now() - begun < 9_000);
  });

  it('several conversations go one after the other', async () => {
    let running = 0;
    const system = systemContext();
    const context = machine('', {
      start: async (command, args) => {
        assert.equal(running++, 0, 'two at once');
        const program = await system.start!(command, args);
        return {
          write: bytes => program!.write(bytes),
          read: timeoutMs => program!.read(timeoutMs),
          end: graceMs => program!.end(graceMs).finally(() => running--),
        };
      },
    });
    const wrapped = await Promise.all([1, 2, 3].map(() => wrap(recipientFor(), context)));
    for (const enc of wrapped) await opens(enc, machine(identityFor()));
  });
});

describe('questions', { skip: windows }, () => {
  it('are asked, and told apart', async () => {
    const heard: string[] = [];
    const person = {
      say: async (line: string) => heard.push(line) > 0,
      confirm: async (...words: (string | undefined)[]) => heard.push(words.join('|')) > 0,
      askVisibly: async (prompt: string) => (heard.push(prompt) ? 'box' : undefined),
      askSecret: async (prompt: string) => (heard.push(prompt) ? 'pin-'.repeat(12) : undefined),
    };
    const expected = [
      'age-plugin-tsopstest: touch the key\\u{1b}[2J',
      'really? (age-plugin-tsopstest)|Go on|Skip',
      'plug it in (age-plugin-tsopstest)|Plugged in|',
      'which one? (age-plugin-tsopstest): ',
      'PIN (age-plugin-tsopstest): ',
    ];
    const enc = await wrap(recipientFor('talk'), machine('', person));
    assert.deepEqual(heard, expected);
    await opens(enc, machine(identityFor('talk'), person));
    assert.deepEqual(heard.slice(5), expected);
  });

  it('get a "fail" where nobody can be asked', async () => {
    const enc = await wrap(recipientFor('alone'));
    await opens(enc, machine(identityFor('alone')));
  });

  it('that cannot be put are failed questions', async () => {
    const broken = () => Promise.reject(new Error('the terminal is gone'));
    const person = { say: broken, confirm: broken, askVisibly: broken, askSecret: broken };
    await opens(await wrap(recipientFor('alone')), machine(identityFor('alone'), person));
  });

  it('the words of an error go to the person, not into the report', async () => {
    const heard: string[] = [];
    const person = { say: async (line: string) => heard.push(line) > 0 };
    const words = await wrapRefusal(recipientFor('recipient'), machine('', person));
    assert.match(words, /^age-plugin-tsopstest does not accept the recipient\nWhat .* says about it stands above/);
    assert.deepEqual(heard, ['age-plugin-tsopstest: the words of the plugin\\u{1b}[31m']);
  });
});

describe('what goes wrong', { skip: windows }, () => {
  const short = { timeoutMs: 1_500 };
  const protocol = /does not keep to the age plugin protocol/;
  const both: readonly [string, RegExp][] = [
    ['hang', /^age-plugin-tsopstest did not answer for 1.5 seconds/],
    ['die', /^age-plugin-tsopstest ended before it had answered \(exit status 3\)/],
    ['signal', /^age-plugin-tsopstest ended before it had answered \(a signal ended it\)/],
    ['garbage', protocol],
    ['endless', /ended before it had answered|did not answer/],
    ['flood', protocol],
    ['badconfirm', protocol],
    ['index', protocol],
    ['internal', /^age-plugin-tsopstest failed\nOn a terminal its own words are shown/],
    ['identity', /^age-plugin-tsopstest cannot use its identity/],
  ];
  const opening: readonly [string, RegExp][] = [
    ['stanza', /^age-plugin-tsopstest could not open the wrapped key/],
    ['twice', protocol],
    ['short', protocol],
    ['wrong', /the header was changed/],
    ['nothing', /^the age identity at hand is another one\n/],
  ];
  for (const [scenario, words] of both)
    it(`wrapping: ${scenario}`, async () =>
      assert.match(await wrapRefusal(recipientFor(scenario), machine('', short)), words));
  it('wrapping: nothing', async () => assert.match(await wrapRefusal(recipientFor('nothing')), /had wrapped nothing/));
  for (const [scenario, words] of [...both, ...opening]) {
    it(`opening: ${scenario}`, async () => {
      const enc = await wrap(recipientFor());
      assert.match(await refusal(enc, machine(identityFor(scenario), short)), words);
    });
  }

  it('a plugin that hangs costs its time once', async () => {
    const enc = await wrap(recipientFor());
    const context = machine(identityFor('hang'), { timeoutMs: 1_000 });
    const begun = Date.now();
    for (let round = 0; round < 4; round++) await refusal(enc, context);
    assert.ok(Date.now() - begun < 3_000);
  });

  it('a plugin that is not there, or cannot be started', async () => {
    assert.match(
      await wrapRefusal(recipientFor('', 'nosuch')),
      /^age-plugin-nosuch was not found on the PATH\nInstall/,
    );
    assert.match(await wrapRefusal(recipientFor('', 'broken')), /^age-plugin-broken cannot be started/);
    const enc = await wrap(recipientFor());
    assert.match(await refusal(enc, machine(identityFor('', 'nosuch'))), /^age-plugin-nosuch was not found/);
    assert.match(await refusal(enc, machine(identityFor('', 'broken'))), /^age-plugin-broken cannot be started/);
  });

  it('never a program of the current folder', async () => {
    const here = process.cwd();
    process.chdir(folder);
    process.env['PATH'] = `.${delimiter}${delimiter}${path}`;
    try {
      assert.match(await wrapRefusal(recipientFor()), /was not found on the PATH/);
    } finally {
      process.chdir(here);
      process.env['PATH'] = `${folder}${delimiter}${path}`;
    }
  });

  it('no program for a library that handed in identities', async () => {
    const enc = await wrap(recipientFor());
    const given = explicitContext({ identities: identityFor() });
    assert.match(await refusal(enc, given), /^it needs age-plugin-tsopstest, and no program may be run here/);
    assert.match(await wrapRefusal(recipientFor(), given), /no program may be run here/);
  });

  it('says which identity is missing', async () => {
    const enc = await wrap(recipientFor());
    const words =
      /^it is for the age plugin age-plugin-tsopstest, and no .* was found\n[\s\S]*begins with AGE-PLUGIN-TSOPSTEST-1/;
    assert.match(await refusal(enc, machine('')), words);
    assert.match(await refusal(enc, machine(nativeFile)), words);
    assert.match(
      await refusal(enc, machine('', { askSecret: undefined }), 'damaged'),
      /^it is for the age plugin of its owner/,
    );
  });

  it('of several plugins the one that the key is for is named first', async () => {
    const enc = await wrap(recipientFor());
    const words = await refusal(enc, machine(`${identityFor('', 'nosuch')}\n${identityFor('die')}`));
    assert.match(
      words,
      /^age-plugin-tsopstest ended before .*\n[\s\S]*Not everything could be tried: age-plugin-nosuch was not/,
    );
  });

  it('with a native recipient a broken plugin is named beside', async () => {
    const enc = await wrap(nativeRecipient);
    const words = await refusal(enc, machine(identityFor('', 'nosuch')), nativeRecipient);
    assert.match(
      words,
      /^the age identity at hand is another one\nNot everything could be tried: age-plugin-nosuch was not found/,
    );
  });

  it('the recipient of a plugin identity is not known', async () => {
    const { recipients, problems } = await recipientsOfIdentities(`${nativeFile}\n${identityFor()}`);
    assert.deepEqual(recipients, [nativeRecipient]);
    assert.match(problems.join(), /only the plugin can tell/);
  });
});
