/**
 * Whether a text looks like a secret: by the shape that its issuer gives it, by its name, or because it looks random. A look can be
 * wrong both ways; it is meant for files that are to be encrypted, and made so that what is public by nature passes.
 */

/** What a text looks like, in words that follow "looks like"; undefined where it looks like no secret. */
export function secretLook(text: string, name = ''): string | undefined {
  if (text.length < shortest) return undefined;
  const known = knownShape(text);
  if (known !== undefined) return known;
  const value = text.trim();
  if (value.length > longestToken || /\s/.test(value) || isStandIn(value)) return undefined;
  const words = wordsOf(name);
  if (isSecretName(words) && fitsSecretName(words, value)) return 'a secret, by the name of its key';
  return isPublicName(words) || isPublicValue(value) || !looksRandom(value) ? undefined : 'a random token';
}

const shortest = 6;
const longestToken = 512;

/** Quantifiers are bounded, so that a hostile text costs no more than its length times a constant. */
const shapes: readonly (readonly [what: string, shape: RegExp])[] = [
  ['a private key', /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----/],
  ['an age identity', /\bAGE-(?:SECRET-KEY|PLUGIN)-[0-9A-Z-]{30,}/i],
  ['an AWS access key', /\b(?:AKIA|ASIA)(?![0-9A-Z]{9}EXAMPLE)[0-9A-Z]{16}\b/],
  ['a GitHub token', /\b(?:gh[oprsu]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})/],
  ['a GitLab token', /\bgl(?:pat|dt|rt|ptt|cbt|soat)-[A-Za-z0-9_-]{20}/],
  ['a Slack token', /\bxox[abeoprs]-[A-Za-z0-9-]{10}/],
  ['a Slack webhook', /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9_]{8,20}\/[A-Za-z0-9_/]{20}/],
  ['a Stripe key', /\b(?:[rs]k_live_[A-Za-z0-9]{16}|whsec_[A-Za-z0-9+/]{24})/],
  ['a Google API key', /\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])/],
  ['a Google client secret', /\bGOCSPX-[A-Za-z0-9_-]{20}/],
  ['an npm token', /\bnpm_[A-Za-z0-9]{36}\b/],
  ['a PyPI token', /\bpypi-AgEI[A-Za-z0-9_-]{30}/],
  ['a SendGrid key', /\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{40}/],
  ['a DigitalOcean token', /\bdo[opr]_v1_[a-f0-9]{64}\b/],
  ['an API key', /\bsk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{40}/],
  ['a Vault token', /\bhv[bs]\.[A-Za-z0-9_-]{24}/],
  ['a Shopify token', /\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b/],
  ['a Docker token', /\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20}/],
  ['a Databricks token', /\bdapi[0-9a-f]{32}\b/],
  ['a Telegram bot token', /\b\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/],
  ['an Azure account key', /AccountKey=[A-Za-z0-9+/]{86}==/],
  ['a JSON Web Token', /\beyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10}/],
];

const windowLength = 64 * 1024;
/** Longer than any shape above. */
const overlap = 8 * 1024;

function knownShape(text: string): string | undefined {
  for (let at = 0; at < text.length; at += windowLength - overlap) {
    const part = text.length <= windowLength ? text : text.slice(at, at + windowLength);
    const found = shapes.find(([, shape]) => shape.test(part))?.[0] ?? urlPassword(part) ?? hiddenKey(part);
    if (found !== undefined) return found;
    if (at + windowLength >= text.length) return undefined;
  }
  return undefined;
}

const urlWithPassword = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@?#'"]{0,100}:([^\s/@?#'"]{3,200})@[^\s/@]/gi;
const usualPassword = /^(?:pass(?:word|wd)?|pwd|secret|changeme|example|token|x+|\*+)$/i;

function urlPassword(text: string): string | undefined {
  if (!text.includes('://')) return undefined;
  for (const [, password = ''] of text.matchAll(urlWithPassword))
    if (!isStandIn(password) && !usualPassword.test(password)) return 'a URL with a password';
  return undefined;
}

/** A PEM block in base64, as in the data of a Kubernetes Secret, or the values of a Secret in an annotation of kubectl. */
function hiddenKey(text: string): string | undefined {
  const at = text.indexOf('LS0tLS1CRUdJTi');
  if (
    at >= 0 &&
    Buffer.from(text.slice(at, at + 64), 'base64')
      .toString('latin1')
      .includes('PRIVATE KEY')
  )
    return 'a private key';
  const isSecret = text.includes('"kind":"Secret"') && /"(?:stringD|d)ata":\{"[^"]{1,253}":"(?!ENC\[)[^"]/.test(text);
  return isSecret ? 'a Kubernetes Secret' : undefined;
}

/** What stands for a value that is somewhere else, or for none. */
function isStandIn(value: string): boolean {
  return (
    /\$\{|\$\(|\{\{|^\$[A-Za-z_]|^[<%].*[>%]$|^%\(|^ENC\[/.test(value) ||
    /^(?:\/|\.{1,2}\/|~\/|file:|vault:|op:\/\/|ref\+|secret:\/\/|arn:|projects\/)/.test(value) ||
    /^(.)\1*$/.test(value)
  );
}

/** The words of a name in snake, kebab or camel case, in small letters. */
function wordsOf(name: string): string[] {
  const parted = name.slice(0, 200).replace(/([a-z0-9])([A-Z])/g, '$1 $2');
  return parted
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(word => word !== '');
}

const passwordWords: ReadonlySet<string> = new Set(['password', 'passwd', 'passphrase', 'pwd', 'pass']);
const secretWords: ReadonlySet<string> = new Set(['secret', 'token', 'apikey', 'credential', 'credentials']);
const keyWords: ReadonlySet<string> = new Set(['api', 'secret', 'private', 'access', 'auth', 'signing', 'encryption']);

function isSecretName(words: readonly string[]): boolean {
  const [last = '', former = ''] = [words.at(-1), words.at(-2)];
  return passwordWords.has(last) || secretWords.has(last) || (last === 'key' && keyWords.has(former));
}

/** A password can be any word; secrets, tokens and keys are no words, which are the names of secrets. */
function fitsSecretName(words: readonly string[], value: string): boolean {
  if (/^(?:true|false|null|none|nil|yes|no|enabled|disabled)$/i.test(value)) return false;
  if (passwordWords.has(words.at(-1) ?? '')) {
    return !usualPassword.test(value) && !/^[a-z.-]*(?:pass|secret|example|change)[a-z.-]*$/.test(value);
  }
  if (value.length < 12 || /:\/\//.test(value)) return false;
  return looksRandom(value) || isMixedHex(value);
}

const isMixedHex = (value: string): boolean =>
  /^[0-9a-f]{16,}$/i.test(value) && /\d/.test(value) && /[a-f]/i.test(value);

const publicWords: ReadonlySet<string> = new Set([
  ...[
    'uid',
    'uuid',
    'guid',
    'digest',
    'sha',
    'sha1',
    'sha256',
    'sha512',
    'checksum',
    'hash',
    'integrity',
    'fingerprint',
  ],
  ...[
    'thumbprint',
    'commit',
    'revision',
    'etag',
    'public',
    'pub',
    'pubkey',
    'cert',
    'certificate',
    'crt',
    'ca',
    'cabundle',
  ],
  ...['bundle', 'signature', 'version', 'arn', 'image', 'tag', 'recipient', 'recipients', 'kid', 'url', 'uri', 'urn'],
  ...[
    'path',
    'file',
    'filename',
    'host',
    'hostname',
    'known',
    'namespace',
    'annotation',
    'label',
    'selector',
    'rev',
    'fp',
  ],
]);

const isPublicName = (words: readonly string[]): boolean =>
  words.at(-1) === 'id' || words.at(-1) === 'name' || words.some(word => publicWords.has(word));

/** Hex is what digests and identifiers are written in; `AAAA`, `MII` and `LS0t` begin public keys and certificates. */
function isPublicValue(value: string): boolean {
  return (
    /^[0-9a-f-]+$/i.test(value) ||
    /^(?:sha\d{1,3}[-:=]|age1|ssh-|ecdsa-|AAAA|MII|LS0t|urn:|did:|Qm[A-Za-z0-9]{44}$|h1:)/.test(value) ||
    value.includes('://')
  );
}

interface Letters {
  readonly upper: number;
  readonly lower: number;
  readonly digits: number;
  /** How many neighbours are of different kinds. */
  readonly changes: number;
}

/** Random texts change between kinds of characters all the time; names of things do so at the seams of their words. */
function looksRandom(value: string): boolean {
  if (value.length < 20 || !/^[A-Za-z0-9+/_=-]+$/.test(value)) return false;
  const { upper, lower, digits, changes } = lettersOf(value);
  if (entropyOf(value) < 3.4 || digits < 2) return false;
  const share = changes / (value.length - 1);
  if (upper >= 2 && lower >= 2) return share >= 0.38;
  const isOneCase = /^(?:[a-z0-9]+|[A-Z0-9]+)$/.test(value);
  return isOneCase && value.length >= 24 && digits >= 4 && upper + lower >= 4 && share >= 0.3;
}

function lettersOf(value: string): Letters {
  const counts = { u: 0, l: 0, d: 0, o: 0 };
  let changes = 0;
  let former: keyof typeof counts | undefined;
  for (const char of value) {
    const kind = /[A-Z]/.test(char) ? 'u' : /[a-z]/.test(char) ? 'l' : /\d/.test(char) ? 'd' : 'o';
    counts[kind]++;
    if (former !== undefined && former !== kind) changes++;
    former = kind;
  }
  return { upper: counts.u, lower: counts.l, digits: counts.d, changes };
}

/** Shannon's, in bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
}
