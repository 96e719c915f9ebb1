import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { canary, hasScript, recipients, Workspace } from '../../../testdata/command.ts';
import { findProgram } from '../../host/process.ts';

const plain = `a: ${canary}\nb: 1 # hi\n`;
const windows = process.platform === 'win32';
let sealed = '';
let work = new Workspace();
const made = [work];
before(() => {
  work.write('f.yaml', plain);
  sealed = work.run(['encrypt', '--age', recipients.one, 'f.yaml']).stdout;
});
beforeEach(() => {
  work = new Workspace();
  made.push(work);
  work.write('f.yaml', sealed);
});
after(() => {
  for (const each of made) each.remove();
});

/** An editor that is a shell script; `$1` is the file. */
function editor(script: string, name = 'editor.sh'): Record<string, string> {
  const path = work.write(name, `#!/bin/sh\n${script}\n`, 0o755);
  return { SOPS_EDITOR: path };
}

/** Where the editor found the plain text, written down by it. */
const wherePlainWas = () => work.read('where').trim();
const note = `echo "$1" > '$NOTE'`;
const noted = (script: string) => editor(`${note.replace('$NOTE', work.path('where'))}\n${script}`);

describe('an existing file', { skip: windows }, () => {
  test('only what was changed has a new ciphertext, and the rest of the text stays', () => {
    const { status, stdout, stderr } = work.run(['edit', 'f.yaml'], { env: noted(`sed -i 's/b: 1/b: 2/' "$1"`) });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
    const [old, now] = [sealed.split('\n'), work.read('f.yaml').split('\n')];
    const changed = old.flatMap((line, index) => (line === now[index] ? [] : [line.trim().split(':')[0]]));
    // Within one second the time stays the same.
    assert.deepEqual(
      changed.filter(name => name !== 'lastmodified'),
      ['b', 'mac'],
    );
    assert.equal(work.run(['decrypt', 'f.yaml']).stdout, plain.replace('b: 1', 'b: 2'));
    assert.equal(fs.existsSync(dirname(wherePlainWas())), false);
  });

  test('the plain text is private, has the name of the file, and is where the file is not', () => {
    const script = `ls -ld "$(dirname "$1")" "$1" | cut -c1-10 > '${work.path('modes')}'; cp "$1" '${work.path('seen')}'; echo 'c: 3' >> "$1"`;
    assert.equal(work.run(['f.yaml'], { env: noted(script) }).status, 0);
    assert.equal(work.read('modes'), 'drwx------\n-rw-------\n');
    assert.equal(work.read('seen'), plain);
    assert.match(wherePlainWas(), /\/f\.yaml$/);
    assert.ok(!wherePlainWas().startsWith(work.folder));
  });

  const endings: [name: string, script: string, status: number, message: RegExp][] = [
    ['nothing changed', ':', 200, /has not changed/],
    ['the editor fails', 'exit 3', 201, /status 3/],
    ['the editor is killed', 'kill -9 $$', 1, /cancelled/],
    ['the file is gone', 'rm "$1"', 1, /left no file/],
    ['what was typed does not parse', `echo 'x: [${canary}' > "$1"`, 2, /^tsops: error: f\.yaml:\d+:\d+: /],
    ['everything was deleted', ': > "$1"', 92, /no document/],
    ['a reserved key', 'echo "sops: 1" >> "$1"', 203, /reserved/],
  ];
  for (const [name, script, status, message] of endings) {
    test(`${name}: the file is as it was`, () => {
      const outcome = work.run(['edit', 'f.yaml'], { env: noted(script), input: '\n\n\n' });
      assert.equal(outcome.status, status, outcome.stderr);
      assert.match(outcome.stderr, message);
      assert.equal(work.read('f.yaml'), sealed);
      assert.equal(fs.existsSync(dirname(wherePlainWas())), false);
    });
  }

  const refusals: [name: string, args: string[], status: number, env?: Record<string, string>][] = [
    ['no editor', ['edit', 'f.yaml'], 201, { EDITOR: 'tsops-no-such-editor' }],
    ['bad quoting', ['edit', 'f.yaml'], 201, { EDITOR: "vi 'x" }],
    ['no file', ['edit'], 100],
    ['standard input', ['edit', '-'], 1],
    ['a plain file', ['edit', 'plain.yaml'], 1],
    ['no key', ['edit', 'f.yaml'], 128, { SOPS_AGE_KEY_FILE: '' }],
    ['a new file without keys', ['edit', 'new.yaml'], 1],
    ['another output format', ['edit', '--output-type', 'json', 'f.yaml'], 8],
    ['a decryption order with a repetition', ['edit', '--decryption-order', 'age,age', 'f.yaml'], 112],
  ];
  for (const [name, args, status, env = {}] of refusals) {
    test(`${name} is refused before any editor is started`, () => {
      work.write('plain.yaml', plain);
      const started = noted('exit 0');
      const outcome = work.run(args, { env: { ...(env['EDITOR'] ? {} : started), ...env } });
      assert.equal(outcome.status, status, outcome.stderr);
      assert.equal(work.has('where'), false);
      assert.equal(work.read('f.yaml'), sealed);
    });
  }

  test('--show-master-keys: the block is in the text, and what is changed in it counts', () => {
    const script = `sed -i 's/^\\( *\\)- enc: |/\\1- recipient: ${recipients.two}\\n\\1- enc: |/; s/b: 1/b: 2/' "$1"`;
    const { status, stderr } = work.run(['edit', '-s', 'f.yaml'], { env: noted(script) });
    assert.equal(status, 0, stderr);
    assert.match(stderr, new RegExp(`new in the sops block and get the data key:\\n {2}age ${recipients.two}\\n$`));
    const other = { SOPS_AGE_KEY_FILE: work.env['SOPS_AGE_KEY_FILE']?.replace('age-1', 'age-2') ?? '' };
    assert.equal(work.run(['decrypt', 'f.yaml'], { env: other }).stdout, plain.replace('b: 1', 'b: 2'));
  });

  test('--show-master-keys: without a block, or with a broken one, the text is refused', () => {
    for (const script of [
      `sed -i '/^sops:/,$d' "$1"`,
      `sed -i 's/^\\( *\\)lastmodified:.*/\\1lastmodified: x/' "$1"`,
    ]) {
      const { status } = work.run(['edit', '-s', 'f.yaml'], { env: noted(script) });
      assert.equal(status, 1);
      assert.equal(work.read('f.yaml'), sealed);
    }
  });

  test('where an editor fails and nobody can be asked, nothing is kept', () => {
    const { status } = work.run(['edit', 'f.yaml'], { env: noted(`echo 'c: 3' >> "$1"; exit 1`) });
    assert.equal(status, 201);
    assert.equal(work.has('f.yaml.rescued'), false);
  });

  test('what somebody else wrote meanwhile is not lost, and neither is the edit', () => {
    const script = `echo 'c: 3' >> "$1"; echo '# other' >> '${work.path('f.yaml')}'`;
    const { status, stderr } = work.run(['edit', 'f.yaml'], { env: noted(script) });
    assert.equal(status, 3);
    assert.match(stderr, /changed by somebody else/);
    assert.equal(work.read('f.yaml'), `${sealed}# other\n`);
    assert.equal(work.run(['decrypt', 'f.rescued.yaml']).stdout, `${plain}c: 3\n`);
    assert.equal(work.mode('f.rescued.yaml'), 0o600);
  });

  test('a key sops that was typed is refused, with what to do', () => {
    const { status, stderr } = work.run(['edit', 'f.yaml'], { env: editor(`echo 'sops: ${canary}' >> "$1"`) });
    assert.equal(status, 203);
    assert.match(stderr, /the edited text has the top-level key sops.*\ntsops: hint: Rename or remove that key/);
    assert.equal(work.read('f.yaml'), sealed);
  });

  test('what is no regular file is not edited, and not waited for', () => {
    execFileSync('mkfifo', [work.path('fifo.yaml')]);
    for (const name of ['fifo.yaml', '/dev/null']) {
      const { status, stderr } = work.run(['edit', name], { env: editor('echo "a: 1" > "$1"') });
      assert.equal(status, 2, name);
      assert.match(stderr, /not a regular file/);
    }
  });
});

describe('a new file', { skip: windows }, () => {
  test('never takes the place of one that was made meanwhile', () => {
    const script = `echo 'other: 1' > '${work.path('new.yaml')}'; echo 'a: 1' > "$1"`;
    const { status, stderr } = work.run(['edit', '--age', recipients.one, 'new.yaml'], { env: editor(script) });
    assert.equal(status, 3);
    assert.match(stderr, /exists already/);
    assert.equal(work.read('new.yaml'), 'other: 1\n');
    assert.equal(work.run(['decrypt', 'new.rescued.yaml']).stdout, 'a: 1\n');
  });

  test('in a folder that is not there is refused before the editor opens', () => {
    const { status, stderr } = work.run(['edit', '--age', recipients.one, 'no/new.yaml'], { env: noted('true') });
    assert.equal(status, 3);
    assert.match(stderr, /^tsops: error: no\/new.yaml: the folder .* does not exist\ntsops: hint: Make the folder/);
    assert.equal(work.has('where'), false);
  });

  test('begins with an example and is made when the example was changed', () => {
    for (const name of ['new.yaml', 'new.json', 'new.env', 'new.ini', 'new.bin']) {
      const env = noted(`sed -i 's/world/moon/; s/text/TEXT/' "$1"`);
      const { status, stderr } = work.run(['edit', '--age', recipients.one, name], { env });
      assert.deepEqual([status, stderr], [0, ''], name);
      assert.match(work.run(['decrypt', name]).stdout, /moon|TEXT/);
      assert.equal(work.mode(name), 0o666 & ~process.umask());
    }
  });

  test('is not made when the example was left as it is, or when a key cannot be used', () => {
    const unchanged = work.run(['edit', '--age', recipients.one, 'new.yaml'], { env: noted(':') });
    assert.equal(unchanged.status, 200);
    const failing = work.run(['edit', '--pgp', '0000000000000000000000000000000000000000', 'new2.yaml'], {
      env: { ...editor('touch "$1.started"'), GNUPGHOME: work.path('no-gpg') },
    });
    assert.equal(failing.status, 128, failing.stderr);
    assert.deepEqual(work.names(), ['editor.sh', 'f.yaml', 'where']);
  });

  test('takes its rule from the configuration', () => {
    work.write('.sops.yaml', `creation_rules:\n  - age: ${recipients.one}\n    encrypted_regex: ^secret$\n`);
    const env = noted(`printf 'secret: x\\nopen: y\\n' > "$1"`);
    assert.equal(work.run(['new.yaml'], { env }).status, 0);
    assert.match(work.read('new.yaml'), /^secret: ENC\[.*\nopen: y\n/);
  });
});

describe('signals', { skip: windows }, () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    test(`${signal} removes the plain text, ends the editor and leaves the file`, async () => {
      const env = noted(`echo 'c: 3' >> "$1"; exec sleep 30`);
      const ready = () =>
        work.has('where') &&
        fs.existsSync(wherePlainWas()) &&
        fs.readFileSync(wherePlainWas(), 'utf8').includes('c: 3');
      const { status, stderr } = await work.interrupt(['edit', 'f.yaml'], ready, signal, { env });
      assert.equal(status, 1);
      assert.match(stderr, /editing was cancelled/);
      assert.equal(fs.existsSync(dirname(wherePlainWas())), false);
      assert.equal(work.read('f.yaml'), sealed);
      // What was typed is kept, encrypted.
      assert.match(stderr, /kept, encrypted, as f\.yaml\.rescued/);
      assert.equal(work.mode('f.yaml.rescued'), 0o600);
      assert.ok(!work.read('f.yaml.rescued').includes('c: 3'));
      assert.equal(work.run(['decrypt', 'f.yaml.rescued']).stdout, `${plain}c: 3\n`);
    });
  }

  test('what a killed process left is swept by the next edit', async () => {
    const env = noted('exec sleep 3');
    const ready = () => work.has('where') && work.read('where') !== '' && fs.existsSync(wherePlainWas());
    await work.interrupt(['edit', 'f.yaml'], ready, 'SIGKILL', { env });
    // Another run beside this test may have swept it up already.
    const left = wherePlainWas();
    work.run(['edit', 'f.yaml'], { env: editor(':') });
    assert.equal(fs.existsSync(left), false);
  });
});

describe('on a terminal', { skip: !hasScript }, () => {
  test('a text that does not parse goes back to the editor after Enter', async () => {
    const script = `if [ -e '${work.path('once')}' ]; then sed -i 's/x: .*/x: 5/' "$1"; else touch '${work.path('once')}'; echo 'x: [' >> "$1"; fi`;
    const shown = await work.runOnTerminal(['edit', 'f.yaml'], [['Press Enter', '\r']], { env: noted(script) });
    assert.match(shown, /error:.* f\.yaml:\d+:\d+: /);
    assert.match(shown, /STATUS 0$/);
    assert.equal(work.run(['decrypt', 'f.yaml']).stdout, `${plain}x: 5\n`);
  });

  for (const [name, keys] of [
    ['Ctrl-C', '\x03'],
    ['end of file', '\x04'],
  ] as const) {
    test(`${name} instead of Enter gives up`, async () => {
      const typed = [['Press Enter', keys], ...(name === 'Ctrl-C' ? [] : [['(y/n)', 'n\r'] as const])] as const;
      const shown = await work.runOnTerminal(['edit', 'f.yaml'], typed, { env: noted(`echo 'x: [' >> "$1"`) });
      assert.equal(work.has('f.yaml.rescued'), name === 'Ctrl-C');
      assert.match(shown, name === 'Ctrl-C' ? /cancelled.*STATUS 1$/s : /STATUS 2$/);
      assert.equal(work.read('f.yaml'), sealed);
      assert.equal(fs.existsSync(dirname(wherePlainWas())), false);
    });
  }

  for (const [answer, isKept] of [
    ['y', true],
    ['n', false],
  ] as const) {
    test(`an editor that fails behind an edit: ${answer} to an encrypted copy`, async () => {
      const env = noted(`echo 'c: [3' >> "$1"; exit 1`);
      const shown = await work.runOnTerminal(['edit', 'f.yaml'], [['(y/n)', `${answer}\r`]], { env });
      assert.match(shown, /STATUS 201$/);
      assert.equal(work.has('f.yaml.rescued'), isKept);
      if (isKept) assert.equal(work.run(['decrypt', 'f.yaml.rescued']).stdout, `${plain}c: [3\n`);
    });
  }

  test('a rule that would leave everything in clear text goes back too', async () => {
    work.write('p.yaml', plain);
    work.run(['encrypt', '-i', '--age', recipients.one, '--encrypted-regex', '^a$', 'p.yaml']);
    const script = `if [ -e '${work.path('once')}' ]; then sed -i 's/^z:/a:/' "$1"; else touch '${work.path('once')}'; sed -i 's/^a:/z:/' "$1"; fi`;
    const shown = await work.runOnTerminal(['edit', 'p.yaml'], [['Press Enter', '\r']], {
      env: noted(`${script}; sed -i 's/b: 1/b: 2/' "$1"`),
    });
    assert.match(shown, /nothing would be encrypted.*STATUS 0$/s);
    assert.equal(work.run(['decrypt', 'p.yaml']).stdout, plain.replace('b: 1', 'b: 2'));
  });

  test('Ctrl-C while the editor has the terminal is the business of the editor', async () => {
    const script = `trap 'echo caught' INT; echo READY; read line; echo 'c: 3' >> "$1"`;
    const shown = await work.runOnTerminal(
      ['edit', 'f.yaml'],
      [
        ['READY', '\x03'],
        ['caught', 'go\r'],
      ],
      { env: noted(script) },
    );
    assert.match(shown, /caught.*STATUS 0$/s);
    assert.equal(work.run(['decrypt', 'f.yaml']).stdout, `${plain}c: 3\n`);
  });

  const vim = findProgram('vim');
  const greedy = `set undofile undodir=~/undo backup backupdir=~/backup directory=~/swap updatecount=1 viminfo='50,n~/.viminfo\n`;
  for (const [name, command, leaves] of [
    ['vim leaves no trace, whatever the vimrc says', undefined, false],
    [
      'the same vim on its own does, so that this test means something',
      (path: string) => `#!/bin/sh\nexec ${path} "$1"\n`,
      true,
    ],
  ] as const) {
    test(name, { skip: vim === undefined }, async () => {
      const home = (path: string) => join(work.folder, 'home', path);
      for (const folder of ['undo', 'backup', 'swap']) fs.mkdirSync(home(folder));
      fs.writeFileSync(home('.vimrc'), greedy);
      const env =
        command === undefined ? { EDITOR: 'vim' } : { EDITOR: work.write('own.sh', command(vim ?? ''), 0o755) };
      const typed = [
        ['hi', ':%s/b: 1/b: 2/\r'],
        ['b: 2', ':wq\r'],
      ] as const;
      assert.match(await work.runOnTerminal(['edit', 'f.yaml'], typed, { env }), /STATUS 0$/);
      assert.equal(work.run(['decrypt', 'f.yaml']).stdout, plain.replace('b: 1', 'b: 2'));
      const left = fs
        .readdirSync(home(''), { recursive: true, encoding: 'utf8' })
        .filter(file => /undo.|backup.|swap.|viminfo/.test(file));
      assert.equal(left.length > 0, leaves, left.join());
    });
  }
});
