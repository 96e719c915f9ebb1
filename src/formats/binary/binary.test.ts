import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { comment, entry, leaf, type Mapping, mapping, type Node, sequence } from '../../core/tree.ts';
import { type ErrorCode, TsopsError } from '../../errors.ts';
import { json } from '../json/index.ts';
import { binary } from './index.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const text = (content: Uint8Array): string => Buffer.from(content).toString('utf8');
const block = mapping([entry('mac', leaf('ENC[m]')), entry('version', leaf('3.13.2'))]);
const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);

const fails =
  (code: ErrorCode, hint = /(?:)/) =>
  (error: unknown): boolean =>
    error instanceof TsopsError && error.code === code && hint.test(error.hints.join('\n'));

describe('plain', () => {
  test('the whole content is one value, not copied', () => {
    const { tree, blocks } = binary.parse(everyByte, 'plain');
    assert.deepEqual(tree, { documents: [mapping([entry('data', leaf(everyByte, 0))])], slots: 1 });
    const [item] = tree.documents[0]?.items ?? [];
    assert.ok(item?.kind === 'entry' && item.value.kind === 'leaf' && item.value.value === everyByte);
    assert.deepEqual(blocks, []);
  });

  const layouts: readonly (readonly [indent: number | undefined, expected: string])[] = [
    [undefined, '{\n\t"data": "ENC[x]",\n\t"sops": {\n\t\t"mac": "ENC[m]",\n\t\t"version": "3.13.2"\n\t}\n}\n'],
    [-1, '{\n\t"data": "ENC[x]",\n\t"sops": {\n\t\t"mac": "ENC[m]",\n\t\t"version": "3.13.2"\n\t}\n}\n'],
    [0, '{\n"data": "ENC[x]",\n"sops": {\n"mac": "ENC[m]",\n"version": "3.13.2"\n}\n}\n'],
    [2, '{\n  "data": "ENC[x]",\n  "sops": {\n    "mac": "ENC[m]",\n    "version": "3.13.2"\n  }\n}\n'],
  ];
  for (const [indent, expected] of layouts) {
    test(`encrypted with indentation ${indent}`, () => {
      const file = binary.parse(everyByte, 'plain');
      assert.equal(text(file.rewrite(['ENC[x]'], block, { indent })), expected);
      assert.equal(file.spelling(['ENC[x]']), undefined);
      const tree = { documents: [mapping([entry('data', leaf('ENC[x]'))])], slots: 1 };
      assert.equal(text(binary.print(tree, { indent, block })), expected);
    });
  }

  test('no content', () => {
    const written = binary.parse(new Uint8Array(), 'plain').rewrite([], block, {});
    assert.match(text(written), /^\{\n\t"data": "",\n\t"sops": \{/);
    assert.equal(binary.parse(written, 'encrypted').rewrite([], undefined).length, 0);
    assert.equal(binary.parse(written, 'plain').blocks.length, 1);
  });

  test('content is never left in clear', () => {
    assert.throws(() => binary.parse(everyByte, 'plain').rewrite([], block, {}), fails('NOT_REPRESENTABLE'));
  });

  test('a file that is encrypted already is reported', () => {
    const written = binary.parse(everyByte, 'plain').rewrite(['ENC[x]'], block, {});
    assert.deepEqual(binary.parse(written, 'plain').blocks, [{ document: 0, value: block }]);
  });

  for (const other of [
    '{"data": "x", "sops": {}}',
    '{"data": "ENC[x]", "sops": 1}',
    '{"data": "ENC[x]"}',
    '{"data": 1, "sops": {}}',
    '{"a": "ENC[x]", "sops": {}}',
    '{"data": "ENC[x]", "sops": {}} and more',
    'x {"data": "ENC[x]", "sops": {}}',
    '{"sops"',
    '\n',
  ]) {
    test(`content like any other: ${JSON.stringify(other)}`, () => {
      assert.deepEqual(binary.parse(bytes(other), 'plain').blocks, []);
    });
  }
});

describe('keep', () => {
  const layout = '{\n    "data" : "ENC[old]",\n\n    "sops": {"mac": "ENC[old]", "version" : "3.13.2"}\n}';

  test('the kept layout stays', () => {
    const keep = binary.parse(bytes(layout), 'encrypted');
    const written = binary.parse(everyByte, 'plain').rewrite(['ENC[new]'], block, { keep });
    assert.equal(text(written), layout.replace('ENC[old]', 'ENC[new]').replace('ENC[old]', 'ENC[m]'));
  });

  test('other keys of the kept file go', () => {
    const keep = binary.parse(bytes(layout.replace('{', '{"more": null,')), 'encrypted');
    const written = binary.parse(everyByte, 'plain').rewrite(['ENC[new]'], block, { keep });
    assert.deepEqual(json.parse(written, 'encrypted').tree, {
      documents: [mapping([entry('data', leaf('ENC[new]', 0))])],
      slots: 1,
    });
  });
});

describe('encrypted', () => {
  test('all keys are part of the tree, data is what is written', () => {
    const file = binary.parse(bytes('{"more": null, "data": "ENC[x]", "data": "ENC[y]", "sops": {}}'), 'encrypted');
    assert.equal(file.tree.slots, 3);
    assert.equal(file.rewrite([undefined, everyByte, 'other'], undefined), everyByte);
    assert.equal(text(file.rewrite([undefined, 'é\n'], undefined)), 'é\n');
    assert.equal(text(file.rewrite([], undefined)), 'ENC[x]');
  });

  const without: readonly (readonly [source: string, change: bigint | undefined])[] = [
    ['{"sops": {}}', undefined],
    ['{"Data": "x", "sops": {}}', undefined],
    ['{"data": 1, "sops": {}}', undefined],
    ['{"data": null, "sops": {}}', undefined],
    ['{"data": ["x"], "sops": {}}', undefined],
    ['{"data": "ENC[x]", "sops": {}}', 1n],
  ];
  for (const [source, change] of without) {
    test(`no binary content: ${source} ${change ?? ''}`, () => {
      const file = binary.parse(bytes(source), 'encrypted');
      assert.throws(() => file.rewrite([change], undefined), fails('NOT_REPRESENTABLE', /--output-type/));
    });
  }

  test('a value that became a comment is no content', () => {
    const file = binary.parse(bytes('{"data": "ENC[x]", "sops": {}}'), 'encrypted');
    assert.throws(() => file.rewrite([comment('x')], undefined), fails('NOT_REPRESENTABLE'));
  });

  test('what is no JSON object is refused with a hint', () => {
    assert.throws(() => binary.parse(everyByte, 'encrypted'), fails('FILE_SYNTAX', /keys data and sops/));
    assert.throws(() => binary.parse(bytes('[]'), 'encrypted'), fails('FILE_SYNTAX', /keys data and sops/));
  });
});

describe('print', () => {
  const documentOf = (...items: Mapping['items']) => ({ documents: [mapping(items)], slots: 0 });

  test('exactly the bytes of data', () => {
    assert.equal(binary.print(documentOf(entry('data', leaf(everyByte))), {}), everyByte);
    assert.equal(text(binary.print(documentOf(comment('c'), entry('a', leaf(1n)), entry('data', leaf('é'))), {})), 'é');
  });

  const nodes: readonly (readonly [name: string, node: Node])[] = [
    ['integer', leaf(1n)],
    ['null', leaf(null)],
    ['list', sequence([leaf('x')])],
    ['mapping', mapping([])],
  ];
  for (const [name, node] of nodes) {
    test(`no bytes: ${name}`, () => {
      const refused = fails('NOT_REPRESENTABLE', /--output-type/);
      assert.throws(() => binary.print(documentOf(entry('data', node), entry('data', leaf('x'))), {}), refused);
      assert.throws(() => binary.printNode(node, {}), refused);
    });
  }

  test('no data, no document, several documents', () => {
    const document = mapping([entry('data', leaf('x'))]);
    for (const documents of [[], [mapping([])], [document, document]]) {
      assert.throws(() => binary.print({ documents, slots: 0 }, {}), fails('NOT_REPRESENTABLE', /--output-type/));
    }
  });

  test('an extracted string is its bytes', () => {
    assert.equal(text(binary.printNode(leaf('é'), {})), 'é');
    assert.equal(binary.printNode(leaf(everyByte), {}), everyByte);
  });
});
