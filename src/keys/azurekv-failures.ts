/**
 * What Azure Key Vault, Microsoft Entra ID and their SDK answer, in plain words. Texts of the SDK are searched for codes and never
 * shown: they can hold parts of answers.
 */

/** Why an Azure Key Vault key could not be used, and what to do. */
export interface AzureFault {
  readonly reason: string;
  readonly hints: readonly string[];
}

/** What was asked when it failed. */
export interface AzureStep {
  /** The host of the vault. */
  readonly vault: string;
  /** The permission that the request needs. */
  readonly action: 'get' | 'encrypt' | 'decrypt';
  readonly limitMs: number;
  /** Whether the vault is not to blame: the token for it was being fetched. */
  isWaitingForToken: boolean;
  /** The time was up. */
  isTimedOut: boolean;
  /** The HTTP status of the last answer of the vault; 0 where there is none to the last request. */
  status: number;
  /** `innererror.code` of that answer, where it has one. */
  innerCode: string;
}

export const fault = (reason: string, ...hints: readonly string[]): AzureFault => ({ reason, hints });

export const isFault = (value: object): value is AzureFault => 'reason' in value;

const loginHint =
  'For Azure: log in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or a certificate or workload identity).';
const networkHint = 'For Azure: check the network and, behind a proxy, HTTPS_PROXY.';
const enabledHint = 'For Azure: see the state of the key with `az keyvault key show --id URL` (`attributes`).';

/** What a failed request means. */
export function faultOf(error: unknown, step: AzureStep): AzureFault {
  const facts = factsOf(error);
  const vault = `the vault ${step.vault}`;
  // The SDK waits as long as such an answer tells it to.
  if (step.isTimedOut && step.status === 429) return answerFault({ ...facts, status: 429 }, step);
  if (step.isTimedOut || facts.name === 'AbortError' || facts.name === 'TimeoutError') {
    const who = step.isWaitingForToken ? 'no Azure token could be had' : `${vault} did not answer`;
    return fault(`${who} within ${step.limitMs / 1000} seconds`, networkHint);
  }
  if (step.isWaitingForToken) return tokenFault(facts);
  if (facts.status !== undefined) return answerFault(facts, step);
  // keyVaultAuthenticationPolicy of the SDK: the token would be for a service that is not the vault's.
  if (facts.text.startsWith('The challenge ')) {
    return fault(
      `${vault} asks for a login to another service than itself; no token was sent`,
      'For Azure: check the address of the vault; it may not be one.',
    );
  }
  // An error answer without the body that the SDK expects makes it stumble.
  if (step.status >= 300) return answerFault({ ...facts, status: step.status }, step);
  return networkFault(facts.code, vault) ?? senselessFault(step);
}

export function senselessFault({ vault }: AzureStep): AzureFault {
  return fault(`the vault ${vault} gave no answer that makes sense`, 'For Azure: check the address of the vault.');
}

interface Facts {
  readonly name: string;
  readonly code: string;
  readonly status: number | undefined;
  /** All that the error and the errors in it say. */
  readonly text: string;
  readonly isAggregate: boolean;
}

function factsOf(error: unknown): Facts {
  const object = typeof error === 'object' && error !== null ? error : {};
  const field = (name: string): unknown => Reflect.get(object, name);
  const word = (value: unknown): string => (typeof value === 'string' ? value : '');
  const [errors, status] = [field('errors'), field('statusCode')];
  const texts = [object, ...(Array.isArray(errors) ? errors : [])].map(one =>
    one instanceof Error ? one.message : '',
  );
  return {
    name: word(field('name')),
    code: word(field('code')),
    status: typeof status === 'number' ? status : undefined,
    text: texts.join('\n'),
    isAggregate: Array.isArray(errors),
  };
}

/** https://learn.microsoft.com/entra/identity-platform/reference-error-codes */
const loginAnswers = new Map<number, AzureFault>();
const loginAnswer = (codes: readonly number[], reason: string, hint: string): void => {
  for (const code of codes) loginAnswers.set(code, fault(reason, `For Azure: ${hint}`));
};
loginAnswer([7000215], 'Azure does not accept the client secret', 'check AZURE_CLIENT_SECRET (the value, not its ID).');
loginAnswer([7000222], 'the Azure client secret has expired', 'make a new one and set AZURE_CLIENT_SECRET.');
loginAnswer(
  [700016],
  'Azure knows no such application in the tenant',
  'check AZURE_CLIENT_ID and AZURE_TENANT_ID; AZURE_AUTHORITY_HOST names another cloud.',
);
loginAnswer([90002, 900023], 'Azure knows no such tenant', 'check AZURE_TENANT_ID.');
loginAnswer(
  [70021, 700024, 700027, 700211, 700212, 700213],
  'Azure does not accept the certificate or the workload identity token',
  'check AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE, and the credentials of the application.',
);
loginAnswer(
  [50076, 50079, 50158, 53000, 53001, 53003],
  'Azure wants another step of login (a second factor, or a rule of the tenant)',
  'log in again with `az login --tenant TENANT`.',
);
loginAnswer([50173, 70008, 70043, 700082], 'the Azure login has expired', 'log in again with `az login`.');
loginAnswer(
  [500011, 650057],
  'Azure gives no token for this vault: its cloud is another one than that of the login',
  'set AZURE_AUTHORITY_HOST to the login address of the cloud that the vault is in.',
);

function tokenFault({ name, text, isAggregate }: Facts): AzureFault {
  for (const [, code] of text.matchAll(/AADSTS(\d{5,8})/g)) {
    const known = loginAnswers.get(Number(code));
    if (known !== undefined) return known;
  }
  if (text.includes('not configured to acquire tokens for tenant')) {
    return fault(
      'the vault belongs to another tenant than the Azure credentials',
      'For Azure: set AZURE_TENANT_ID to the tenant of the vault, or name it in AZURE_ADDITIONALLY_ALLOWED_TENANTS.',
    );
  }
  if (isAggregate || name === 'CredentialUnavailableError') {
    return fault(
      'no Azure credentials were found (looked for: the AZURE_… variables, a workload identity, a managed identity, and logins of the Azure CLI, Azure PowerShell and the Azure Developer CLI)',
      loginHint,
    );
  }
  if (/AADSTS/.test(text)) return fault('Azure does not accept the credentials', loginHint);
  if (/network_error|endpoints_resolution|ENOTFOUND|EAI_AGAIN|ECONN|EHOSTUNREACH|ENETUNREACH|certificate/.test(text)) {
    return fault('the login service of Azure cannot be reached', networkHint);
  }
  if (text.includes('AZURE_TOKEN_CREDENTIALS')) {
    return fault('AZURE_TOKEN_CREDENTIALS names no kind of credential', 'For Azure: unset AZURE_TOKEN_CREDENTIALS.');
  }
  return fault('Azure gave no token for the credentials', loginHint);
}

/** https://learn.microsoft.com/azure/key-vault/general/rest-error-codes */
const innerAnswers = new Map<string, AzureFault>([
  ['KeyDisabled', fault('the key is disabled', enabledHint)],
  ['KeyNotYetValid', fault('the key may not be used yet', enabledHint)],
  ['KeyExpired', fault('the key has expired and can only decrypt', 'For Azure: use another version of the key.')],
  [
    'KeyOperationForbidden',
    fault(
      'the key is not one for this operation',
      'For Azure: the key has to be an RSA key whose operations include encrypt and decrypt.',
    ),
  ],
  [
    'ForbiddenByFirewall',
    fault(
      'the firewall of the vault refuses this machine',
      'For Azure: let the network of this machine into the vault.',
    ),
  ],
  [
    'ForbiddenByConnection',
    fault('the vault can only be reached from a private network', 'For Azure: use the private endpoint of the vault.'),
  ],
]);

function answerFault({ status = 0, code }: Facts, step: AzureStep): AzureFault {
  const vault = `the vault ${step.vault}`;
  const inner = innerAnswers.get(step.innerCode);
  if (inner !== undefined) return inner;
  if (status === 401) return fault(`${vault} does not accept the Azure token`, loginHint);
  if (status === 403) {
    return fault(
      `${vault} denies it: the credentials may not do keys/${step.action} there`,
      `For Azure: ask for the key permission ${step.action} (the role "Key Vault Crypto User" has it); \`az account show\` tells who you are.`,
    );
  }
  if (status === 404 && code.includes('NotFound')) {
    return fault(
      `${vault} has no such key, or not in this version`,
      'For Azure: check the name and version; a deleted key may still be there: `az keyvault key recover`.',
    );
  }
  if (status === 400 && step.action === 'decrypt' && code === 'BadParameter') {
    return fault(
      'the key in the vault does not open it: it was wrapped with another key or version, or changed',
      'Take the entry of this key from an older version of the file.',
    );
  }
  if (status === 400 && code === 'BadParameter') {
    return fault(`${vault} cannot encrypt with this key`, 'For Azure: the key has to be an RSA key.');
  }
  if (status === 429) return fault(`${vault} takes no more requests now`, 'For Azure: try again.');
  if (status >= 500) return fault(`${vault} has a failure of its own (HTTP status ${status})`, 'For Azure: try again.');
  return fault(
    `${vault} gave no answer that makes sense (HTTP status ${status})`,
    'For Azure: check the address of the vault.',
  );
}

const networkWords = new Map([
  ['ECONNREFUSED', 'the connection was refused'],
  ['ECONNRESET', 'the connection was broken off'],
  ['EPIPE', 'the connection was broken off'],
  ['ENOTFOUND', 'its name is not known'],
  ['EAI_AGAIN', 'its name could not be looked up'],
  ['EHOSTUNREACH', 'there is no way to it'],
  ['ENETUNREACH', 'there is no network'],
  ['ETIMEDOUT', 'it does not answer'],
]);

function networkFault(code: string, vault: string): AzureFault | undefined {
  const what = networkWords.get(code);
  if (what !== undefined) {
    return fault(`${vault} cannot be reached: ${what}`, 'For Azure: check the name of the vault.', networkHint);
  }
  if (/CERT|SIGNED|^ERR_TLS|^ERR_SSL|^EPROTO|LEAF_SIGNATURE/.test(code)) {
    return fault(
      `${vault} cannot be reached safely: its certificate is not trusted, or it does not speak TLS`,
      'For Azure: NODE_EXTRA_CA_CERTS names the certificates of a proxy of your network.',
    );
  }
  return undefined;
}
