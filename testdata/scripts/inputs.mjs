// The files that the benchmark works on. Their values are fixed, so that every run has the same.

export const smallFile =
  'database:\n  user: app\n  password: correct horse battery staple\n  port: 5432\n  tls: true\n# keys of other services\nservices:\n  - name: mail\n    token: 0123456789abcdef\n  - name: search\n    token: fedcba9876543210\nratio: 0.25\nlast: end\n';

export function yamlFile(leaves) {
  const lines = [];
  for (let i = 0; i < leaves; i++) {
    if (i % 10 === 0) lines.push(`group${i / 10}:`);
    if (i % 50 === 5) lines.push('  # a comment about the next value');
    lines.push(`  key${i}: value number ${i} of this file`);
  }
  return `${lines.join('\n')}\n`;
}

export function nestedJson(leaves) {
  const groups = [];
  for (let i = 0; i < leaves; i += 10) {
    const members = Array.from(
      { length: Math.min(10, leaves - i) },
      (_, k) => `    "key${i + k}": "value number ${i + k} of this file"`,
    );
    groups.push(`  "group${i / 10}": {\n${members.join(',\n')}\n  }`);
  }
  return `{\n${groups.join(',\n')}\n}\n`;
}

export function flatJson(keys) {
  return `{\n${Array.from({ length: keys }, (_, i) => `  "key${i}": "value ${i}"`).join(',\n')}\n}\n`;
}

/** Bytes that no compression and no text parser could make anything of. */
export function binaryFile(megabytes) {
  const words = new Uint32Array(megabytes * 250_000);
  let state = 0x9e3779b9;
  for (let at = 0; at < words.length; at++) {
    // Xorshift: Marsaglia 2003.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return Buffer.from(words.buffer);
}
