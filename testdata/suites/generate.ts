/** Random files of every format from a number: odd but valid in most cases, so that the odd parts get tested. */

/** mulberry32: a small generator that gives the same file for the same number. */
export class Chooser {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

const words = [
  'alpha',
  'Beta',
  'x',
  'secret value',
  'p@ss:word',
  'über',
  '日本',
  '😀',
  'a#b',
  'tab\there',
  '-dash',
  '?q',
  '100%',
  "it's",
  'say "hi"',
  'back\\slash',
  'end ',
  'null',
  'yes',
  '0x1F',
  '1.10',
  '1e3',
  '017',
  '12:30',
  '2024-01-02',
  '~',
  '.5',
  '<tag>',
  'a&b',
  '=',
  '!x',
  '__proto__',
  'ENC[x]',
];
const keys = [
  'a',
  'b',
  'c',
  'key',
  'user',
  'password',
  'constructor',
  '__proto__',
  'k_unencrypted',
  'with space',
  'ключ',
  'n1',
  'x.y',
  'z:z',
  'toString',
];

export function generate(format: 'yaml' | 'json' | 'dotenv' | 'ini' | 'binary', seed: number): Uint8Array {
  const chooser = new Chooser(seed);
  if (format === 'binary') return Uint8Array.from({ length: chooser.below(300) + 1 }, () => chooser.below(256));
  const text = { yaml: yamlFile, json: jsonFile, dotenv: dotenvFile, ini: iniFile }[format](chooser);
  return new TextEncoder().encode(withEnds(chooser, text, format));
}

/** Other line ends, no final one, a byte order mark. */
function withEnds(chooser: Chooser, text: string, format: string): string {
  let result = text;
  if (chooser.chance(0.12)) result = result.replaceAll('\n', '\r\n');
  if (chooser.chance(0.2)) result = result.replace(/\r?\n$/, '');
  if (chooser.chance(0.05) && (format === 'yaml' || format === 'ini')) result = `\uFEFF${result}`;
  return result;
}

// YAML

function yamlFile(chooser: Chooser): string {
  const documents = chooser.chance(0.2) ? 2 + chooser.below(2) : 1;
  const state: YamlState = { chooser, anchors: [], count: 0 };
  let text = chooser.chance(0.1) ? `# about the file\n${chooser.chance(0.5) ? '\n' : ''}` : '';
  for (let i = 0; i < documents; i++) {
    state.anchors = [];
    if (i > 0 || chooser.chance(0.2)) text += chooser.chance(0.1) ? '--- # start\n' : '---\n';
    text += chooser.chance(0.06) ? `${flow(state, 2, true)}\n` : mapping(state, 0, 3);
    if (chooser.chance(0.08)) text += '...\n';
  }
  return text;
}

interface YamlState {
  readonly chooser: Chooser;
  anchors: string[];
  count: number;
}

function mapping(state: YamlState, indent: number, depth: number): string {
  const { chooser } = state;
  const used = new Set<string>();
  let text = '';
  for (let i = 0; i < 1 + chooser.below(4); i++) {
    const key = chooser.pick(keys);
    if (used.has(key)) continue;
    used.add(key);
    text += gap(state, indent) + ' '.repeat(indent) + yamlKey(chooser, key) + value(state, indent, depth);
  }
  return text + (chooser.chance(0.08) ? `${' '.repeat(indent)}# last of its mapping\n` : '');
}

function yamlKey(chooser: Chooser, key: string): string {
  if (chooser.chance(0.1)) return `"${key}":`;
  return chooser.chance(0.05) ? `'${key}' :` : `${key}:`;
}

/** `worded`: how likely a comment has a text. sops turns an empty comment in a list into an empty item. */
function gap({ chooser }: YamlState, indent: number, worded = 0.9): string {
  let text = '';
  if (chooser.chance(0.12)) text += chooser.chance(0.3) ? '   \n' : '\n';
  if (chooser.chance(0.15))
    text += `${' '.repeat(indent)}#${chooser.chance(worded) ? ` ${chooser.pick(words)}` : ''}\n`;
  return text;
}

function value(state: YamlState, indent: number, depth: number): string {
  const { chooser } = state;
  const kind = chooser.next();
  if (depth > 0 && kind < 0.14) {
    return anchored(
      state,
      name => `${name}${comment(chooser)}\n${mapping(state, indent + 1 + chooser.below(4), depth - 1)}`,
    );
  }
  if (depth > 0 && kind < 0.26) return `${comment(chooser)}\n${list(state, indent + chooser.below(3), depth - 1)}`;
  if (kind < 0.36) return anchored(state, name => `${name} ${flow(state, 2, false)}${comment(chooser)}\n`);
  if (kind < 0.5) return block(chooser, indent);
  if (kind < 0.56 && state.anchors.length > 0) return ` *${chooser.pick(state.anchors)}${comment(chooser)}\n`;
  if (kind < 0.6) return `${comment(chooser)}\n`;
  return anchored(state, name => `${name} ${scalar(chooser, indent, false)}${comment(chooser)}\n`);
}

/** Gives a node an anchor at times; the alias can follow only once the node is complete, so the caller adds the name then. */
function anchored(state: YamlState, text: (anchor: string) => string): string {
  if (!state.chooser.chance(0.2)) return text('');
  const name = `n${state.count++}`;
  const result = text(` &${name}`);
  state.anchors.push(name);
  return result;
}

const comment = (chooser: Chooser): string =>
  chooser.chance(0.12) ? `${' '.repeat(1 + chooser.below(3))}# ${chooser.pick(words)}` : '';

function list(state: YamlState, indent: number, depth: number): string {
  const { chooser } = state;
  let text = '';
  for (let i = 0; i < 1 + chooser.below(4); i++) {
    const dash = `${' '.repeat(indent)}-`;
    text += gap(state, indent, 1);
    const kind = chooser.next();
    if (depth > 0 && kind < 0.2)
      text += `${dash} ${mapping(state, indent + 2, depth - 1).replace(/^(\s*#.*\n|\s*\n)*\s*/, '')}`;
    else if (kind < 0.3) text += `${dash}${block(chooser, indent)}`;
    else text += `${dash} ${scalar(chooser, indent, false)}${comment(chooser)}\n`;
  }
  return text;
}

function block(chooser: Chooser, indent: number): string {
  const inner = ' '.repeat(indent + 1 + chooser.below(4));
  const header = chooser.pick(['|', '|-', '|+', '>', '>-', '>+']);
  let text = ` ${header}${comment(chooser)}\n`;
  for (let i = 0; i < 1 + chooser.below(4); i++) {
    text +=
      chooser.chance(0.2) && i > 0
        ? '\n'
        : `${inner}${i > 0 && chooser.chance(0.1) ? '  ' : ''}${chooser.pick(words)}${chooser.chance(0.05) ? '  ' : ''}\n`;
  }
  return `${text.trimEnd()}\n${chooser.chance(0.15) ? '\n' : ''}`;
}

function scalar(chooser: Chooser, indent: number, inFlow: boolean): string {
  const kind = chooser.next();
  const word = chooser.pick(words);
  if (kind < 0.2) return JSON.stringify(word).replaceAll('é', chooser.chance(0.5) ? '\\u00e9' : 'é');
  if (kind < 0.35) return `'${word.replaceAll("'", "''")}'`;
  if (kind < 0.5)
    return chooser.pick([
      '1',
      '-5',
      '0',
      '1.5',
      '1.10',
      '1e3',
      '0x1F',
      '0o17',
      '017',
      '1_000',
      'true',
      'False',
      'null',
      '~',
      '.inf',
      '-.INF',
      '2024-01-02',
      '2024-01-02T03:04:05.600Z',
      '2001-12-14t21:59:43.10-05:00',
      '9223372036854775807',
      '+7',
      '-0',
      '0.0',
    ]);
  if (kind < 0.56)
    return chooser.pick(['!!str 12', '!!float 3', '!Ref x', '! 12', '!!binary aGVsbG8=', '!!int "7"', '!!str yes']);
  if (kind < 0.62 && !inFlow) return `two words\n${' '.repeat(indent + 2)}and a second line`;
  if (kind < 0.66 && !inFlow)
    return `"quoted over\n\n${' '.repeat(indent + 2)}lines \\t \\\n${' '.repeat(indent + 2)}end"`;
  return chooser.pick([
    'plain',
    'two words',
    'a-b',
    'x:y',
    'http://example.com/?a=b',
    'über',
    'trailing',
    '1 2',
    'no',
    'On',
    'v1.10',
  ]);
}

function flow(state: YamlState, depth: number, isRoot: boolean): string {
  const { chooser } = state;
  const space = chooser.chance(0.2) ? ' ' : '';
  const inner = (): string =>
    depth > 0 && chooser.chance(0.2) ? flow(state, depth - 1, false) : scalar(chooser, 0, true);
  if (!isRoot && chooser.chance(0.4))
    return `[${space}${Array.from({ length: chooser.below(4) }, inner).join(', ')}${space}]`;
  const used = [
    ...new Set(Array.from({ length: chooser.below(4) }, () => chooser.pick(['a', 'b', '"c"', 'd e', 'f_unencrypted']))),
  ];
  return `{${space}${used.map(key => `${key}: ${inner()}`).join(chooser.chance(0.2) ? ' , ' : ', ')}${space}}`;
}

// JSON

function jsonFile(chooser: Chooser): string {
  return blank(chooser) + jsonObject(chooser, 3) + blank(chooser) + (chooser.chance(0.8) ? '\n' : '');
}

const blank = (chooser: Chooser): string => chooser.pick(['', '', '', ' ', '\n', '\t', '  \n ']);

function jsonObject(chooser: Chooser, depth: number): string {
  const members = Array.from({ length: chooser.below(5) }, () => {
    const key = JSON.stringify(chooser.chance(0.2) ? String(chooser.below(20)) : chooser.pick(keys));
    return `${blank(chooser)}${key}${blank(chooser)}:${blank(chooser)}${jsonValue(chooser, depth)}${blank(chooser)}`;
  });
  return `{${members.length === 0 ? blank(chooser) : members.join(',')}}`;
}

function jsonValue(chooser: Chooser, depth: number): string {
  const kind = chooser.next();
  if (depth > 0 && kind < 0.15) return jsonObject(chooser, depth - 1);
  if (depth > 0 && kind < 0.3)
    return `[${Array.from({ length: chooser.below(4) }, () => `${blank(chooser)}${jsonValue(chooser, depth - 1)}`).join(',')}${blank(chooser)}]`;
  if (kind < 0.5)
    return chooser.pick([
      '0',
      '-0',
      '1',
      '1.0',
      '1.50',
      '-12',
      '1e3',
      '1E+2',
      '0.000001',
      '1e-7',
      '123456789012345678',
      '9223372036854775808',
      '1e21',
      'true',
      'false',
      'null',
    ]);
  const text = JSON.stringify(chooser.pick(words));
  return chooser.chance(0.3) ? text.replaceAll('a', '\\u0061').replaceAll('/', '\\/') : text;
}

// dotenv and INI

function dotenvFile(chooser: Chooser): string {
  return Array.from({ length: 1 + chooser.below(8) }, (_, i) => {
    const kind = chooser.next();
    if (kind < 0.15) return '\n';
    if (kind < 0.3) return `#${chooser.pick(['', ' ', '  two '])}${chooser.pick(words)}\n`;
    return `${chooser.pick(['', 'export ', ' '])}KEY${chooser.chance(0.1) ? '' : i}${chooser.chance(0.1) ? ' ' : ''}=${chooser.pick(['', '"', ' ', "'"])}${chooser.pick(words)}${chooser.chance(0.1) ? '\\nmore' : ''}\n`;
  }).join('');
}

function iniFile(chooser: Chooser): string {
  let text = '';
  for (let i = 0; i < 1 + chooser.below(3); i++) {
    if (i > 0 || chooser.chance(0.7))
      text += `${iniGap(chooser)}[section ${i}]${chooser.chance(0.1) ? ' ; behind' : ''}\n`;
    for (let k = 0; k < chooser.below(5); k++) {
      const value = chooser.pick([
        'plain',
        'two words',
        '"quoted"',
        "'single'",
        '`back;tick`',
        '1',
        'true',
        '',
        'über',
        'a=b',
        'x:y',
        '"""triple"""',
        '  padded  ',
        'with # comment',
        'and ; comment',
        'C:\\dir',
      ]);
      text += `${iniGap(chooser)}${chooser.pick(['', '  '])}key${k}${chooser.pick([' = ', '=', ': ', ' ='])}${value}\n`;
    }
  }
  return text + iniGap(chooser);
}

function iniGap(chooser: Chooser): string {
  if (chooser.chance(0.12)) return '\n';
  return chooser.chance(0.15)
    ? `${chooser.pick(['; ', '# ', ';', '## '])}${chooser.pick(['a comment', 'two', 'über'])}\n`
    : '';
}
