import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsopsError } from '../../errors.ts';
import { ini } from './index.ts';

/** Sections with their items; a comment is `;text`, a value a pair. An empty DEFAULT section is left out. */
function shape(input: string, stage: 'plain' | 'encrypted' = 'plain'): unknown[] {
  const bytes = Buffer.from(input, 'utf8');
  const { tree } = stage === 'plain' ? ini.parse(bytes, 'plain') : ini.parse(bytes, 'encrypted');
  const sections = (tree.documents[0]?.items ?? []).map(section => {
    assert.ok(section.kind === 'entry' && section.value.kind === 'mapping');
    const items = section.value.items.map(item =>
      item.kind === 'comment' ? `;${item.text}` : [item.key, item.value.kind === 'leaf' ? item.value.value : undefined],
    );
    return [section.key, ...items];
  });
  return sections[0]?.length === 1 ? sections.slice(1) : sections;
}

/** What gopkg.in/ini.v1 1.67.3 gives for each, by its own output. */
const readings: [name: string, input: string, expected: unknown[]][] = [
  ['an empty file', '', []],
  [
    'keys before a header',
    'a = 1\n[s]\nb=2',
    [
      ['DEFAULT', ['a', '1']],
      ['s', ['b', '2']],
    ],
  ],
  [
    'a header DEFAULT makes a second section',
    'a=1\n[DEFAULT]\nb=2\n',
    [
      ['DEFAULT', ['a', '1']],
      ['DEFAULT', ['b', '2']],
    ],
  ],
  [
    'repeated headers stay apart',
    '[s]\na=1\n[s]\na=2\n',
    [
      ['s', ['a', '1']],
      ['s', ['a', '2']],
    ],
  ],
  ['a repeated key: first place, last value', '[s]\na=1\nb=2\na=3\n', [['s', ['a', '3'], ['b', '2']]]],
  ['the comment of the last of them', '[s]\n; x\na=1\na=3\n', [['s', ['a', '3']]]],
  ['the last ] closes a header', '[a]b]\nx=1\n[c] ; see [d]\n', [['a]b', ['x', '1']], ['c] ; see [d']]],
  ['either delimiter', 'a:1\nb = c:d=e\n', [['DEFAULT', ['a', '1'], ['b', 'c:d=e']]]],
  ['quotes are stripped', 'a = "x"\nb = \'y\'\nc = ""\n', [['DEFAULT', ['a', 'x'], ['b', 'y'], ['c', '']]]],
  ['quotes with the same quote inside are not', 'a = "x"y"\nb = "\n', [['DEFAULT', ['a', '"x"y"'], ['b', '"']]]],
  ['a comment needs no blank before it', 'a = v;x\nb = v # y\n', [['DEFAULT', ['a', 'v'], ';x', ['b', 'v'], ';y']]],
  ['double quotes do not protect a #', 'a = "x # y"\n', [['DEFAULT', ['a', '"x'], ';y"']]],
  ['back-quotes do, and what follows is lost', 'a = `x # y` ; z\n', [['DEFAULT', ['a', 'x # y']]]],
  ['the last back-quote of the line closes', 'a = `x`y`\n', [['DEFAULT', ['a', 'x`y']]]],
  ['three quotes over lines', 'a = """x\n ; y\nz""" junk ; c\n', [['DEFAULT', ['a', 'x\n ; y\nz'], ';c']]],
  ['back-quotes over lines', 'a = `x\ny`\n', [['DEFAULT', ['a', 'x\ny']]]],
  ['a closing quote before a backslash does not close', 'a = `x\ny` \\\nz`\n', [['DEFAULT', ['a', 'x\ny` \\\nz']]]],
  ['a backslash continues', 'a = x \\\n  y\\\n\tz ; w\nb=1\n', [['DEFAULT', ['a', 'x yz ; w'], ['b', '1']]]],
  ['a blank line ends a continued value', 'a = x\\\n\nb=1\n', [['DEFAULT', ['a', 'x'], ['b', '1']]]],
  ['comment lines join, blank lines or not', '; a\n\n# b\nk=1 ; c\n', [['DEFAULT', ['k', '1'], ';a\n# b\n; c']]],
  [
    'markers and blanks are stripped',
    ';; ; a\nk=1\n## # b\nl=2\n;# c\nm=3\n;\td\nn=4\n',
    [['DEFAULT', ['k', '1'], ';a', ['l', '2'], ';b', ['m', '3'], ';# c', ['n', '4'], ';\td']],
  ],
  ['a section comment', '; a\n[s] x ; b\n', [['s', ';a\n; b']]],
  ['comments behind the last key, which sops loses', 'k=1\n; a\n\n  # b \n', [['DEFAULT', ['k', '1'], ';a', ';b']]],
  ['quoted keys', '`a=b` = 1\n"c:d"=2\n"""e"f""" = 3\n', [['DEFAULT', ['a=b', '1'], ['c:d', '2'], ['e"f', '3']]]],
  ['a byte order mark', '\ufeff[s]\na=1\n', [['s', ['a', '1']]]],
  ['CR LF', '[s]\r\na = 1\r\nb = """x\r\ny"""\r\n', [['s', ['a', '1'], ['b', 'x\r\ny']]]],
  ['white space of Unicode is trimmed', '\u2003a\u00a0= \u0085x\u3000\n', [['DEFAULT', ['a', 'x']]]],
  ['letters that end in the byte of a no-break space are not', 'a = à\n', [['DEFAULT', ['a', 'à']]]],
  ['no interpolation', 'a = %(b)s\n', [['DEFAULT', ['a', '%(b)s']]]],
  [
    'keys of JavaScript objects',
    '[__proto__]\n__proto__=1\nconstructor=2\n',
    [['__proto__', ['__proto__', '1'], ['constructor', '2']]],
  ],
];

for (const [name, input, expected] of readings) {
  test(`INI is read as sops reads it: ${name}`, () => assert.deepEqual(shape(input), expected));
}

test('an empty DEFAULT section comes first', () => {
  const { tree } = ini.parse(Buffer.from('[s]\n'), 'plain');
  assert.deepEqual(
    tree.documents[0]?.items.map(item => item.kind === 'entry' && item.key),
    ['DEFAULT', 's'],
  );
});

const refusals: [name: string, input: Uint8Array, code: string, line: number | undefined][] = [
  ['a line without a delimiter', Buffer.from('a=1\n\nhunter2\n'), 'FILE_SYNTAX', 3],
  ['an open section header', Buffer.from('[hunter2\n'), 'FILE_SYNTAX', 1],
  ['a section without a name', Buffer.from('a=1\n[]\n'), 'FILE_SYNTAX', 2],
  ['a key without a name', Buffer.from(' = hunter2\n'), 'FILE_SYNTAX', 1],
  ['a quoted key without a name', Buffer.from('"" = hunter2\n'), 'FILE_SYNTAX', 1],
  ['an open quoted key', Buffer.from('"a = hunter2\n"b=1\n'), 'FILE_SYNTAX', 1],
  ['an open multi-line value', Buffer.from('a = 1\nb = """hunter2\nx\n'), 'FILE_SYNTAX', 2],
  ['UTF-16', Buffer.from('\ufeffa=1\n', 'utf16le'), 'FILE_SYNTAX', undefined],
  ['a key that is not UTF-8', Buffer.from('a=1\nhunter2\xff = 1\n', 'latin1'), 'NOT_ENCRYPTABLE', 2],
  ['a section that is not UTF-8', Buffer.from('[hunter2\xff]\n', 'latin1'), 'NOT_ENCRYPTABLE', 1],
  ['a numbered key', Buffer.from('[s]\na=1\n- = hunter2\n'), 'NOT_ENCRYPTABLE', 3],
];

for (const [name, input, code, line] of refusals) {
  test(`INI that cannot be: ${name}`, () => {
    assert.throws(
      () => ini.parse(input, 'plain'),
      (error: unknown) => {
        assert.ok(error instanceof TsopsError);
        assert.deepEqual([error.code, error.where.line], [code, line]);
        assert.ok(!JSON.stringify([error.message, error.where, error.hints]).includes('hunter2'));
        return true;
      },
    );
  });
}

test('an encrypted file may have numbered keys, which start anew in each section', () => {
  assert.deepEqual(shape('[s]\n-=a\n-=b\n[t]\n-=c\n', 'encrypted'), [
    ['s', ['#1', 'a'], ['#2', 'b']],
    ['t', ['#1', 'c']],
  ]);
});
