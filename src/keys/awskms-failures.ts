/**
 * What AWS and its SDK answer, in plain words. Only the name of an error, its system code and its HTTP status are looked at:
 * the texts can hold tokens and parts of answers.
 */

/** Why an AWS KMS key could not be used, and what to do. */
export interface AwsFault {
  readonly reason: string;
  readonly hints: readonly string[];
}

/** What was asked when it failed. */
export interface AwsStep {
  /** The service with its place, such as `AWS KMS in eu-west-1`. */
  readonly service: string;
  /** The permission that the request needs, such as `kms:Decrypt`. */
  readonly permission: string;
  /** The variable that named another address for the service, if one did. */
  readonly endpointVariable: string | undefined;
  readonly limitMs: number;
}

export const fault = (reason: string, ...hints: readonly string[]): AwsFault => ({ reason, hints });

export const isFault = (value: object): value is AwsFault => 'reason' in value;

export const loginHint =
  'For AWS KMS: log in (`aws sso login`, `aws configure`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.';

const contextHint =
  'For AWS KMS: the encryption context has to be the one of the encryption, and `enc` as it was written; an older version of the file may have both.';

/** Answers of KMS about the key or the ciphertext: https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors */
const keyAnswers: Readonly<Record<string, AwsFault>> = {
  NotFoundException: fault(
    'AWS KMS knows no such key or alias in this account and region',
    'For AWS KMS: check the ARN (account, region, key id); a deleted key cannot be brought back.',
  ),
  DisabledException: fault('the key is disabled', 'For AWS KMS: enable the key with `aws kms enable-key`.'),
  KMSInvalidStateException: fault(
    'the key cannot be used in the state that it is in (disabled, or waiting for its deletion)',
    'For AWS KMS: see its state with `aws kms describe-key`; `cancel-key-deletion` and `enable-key` bring it back.',
  ),
  KeyUnavailableException: fault('AWS KMS cannot reach the key now', 'For AWS KMS: try again.'),
  InvalidKeyUsageException: fault(
    'the key is not one for encryption and decryption',
    'For AWS KMS: use a symmetric key whose usage is ENCRYPT_DECRYPT.',
  ),
  InvalidCiphertextException: fault(
    'AWS KMS cannot open the wrapped key: it is damaged, or the encryption context is another',
    contextHint,
  ),
  IncorrectKeyException: fault(
    'the wrapped key was made with another AWS KMS key',
    'For AWS KMS: the ARN of this entry was changed; take the entry from an older version of the file.',
  ),
  ValidationException: fault(
    'AWS KMS refuses the request as not valid',
    'For AWS KMS: check the ARN and the encryption context of this key.',
  ),
  InvalidArnException: fault('AWS KMS refuses the ARN as not valid', 'For AWS KMS: check the ARN of this key.'),
};

const expired = fault('the AWS credentials have expired', loginHint);
const refused = fault('AWS does not accept the credentials: they are not valid (any more)', loginHint);

/** Answers of every service of AWS about the credentials. */
const credentialAnswers: Readonly<Record<string, AwsFault>> = {
  ExpiredTokenException: expired,
  ExpiredToken: expired,
  RequestExpired: fault(
    'AWS says that the request has expired',
    'For AWS KMS: check that the clock of this machine is right.',
  ),
  UnrecognizedClientException: refused,
  InvalidClientTokenId: refused,
  InvalidClientTokenIdException: refused,
  InvalidAccessKeyId: refused,
  IncompleteSignature: refused,
  IncompleteSignatureException: refused,
  InvalidSignatureException: fault(
    'AWS does not accept the signature: the secret access key is wrong, or the clock of this machine is',
    loginHint,
  ),
  SignatureDoesNotMatch: fault(
    'AWS does not accept the signature: the secret access key is wrong, or the clock of this machine is',
    loginHint,
  ),
  InvalidIdentityToken: fault(
    'AWS does not accept the web identity token',
    'For AWS KMS: check the identity provider and the trust policy of the role in AWS_ROLE_ARN.',
  ),
  MissingAuthenticationToken: refused,
  OptInRequired: fault('the AWS account is not enabled for this service', loginHint),
  RegionDisabledException: fault(
    'AWS has not enabled its security token service in this region for the account',
    'For AWS KMS: let an administrator of the account enable STS in the region.',
  ),
};

const answers = new Map([...Object.entries(keyAnswers), ...Object.entries(credentialAnswers)]);
const denials = ['AccessDeniedException', 'AccessDenied', 'UnauthorizedException', 'ForbiddenException'];
const throttles = ['ThrottlingException', 'Throttling', 'LimitExceededException', 'TooManyRequestsException'];

/** What a failed request means, in plain words. */
export function faultOf(error: unknown, step: AwsStep): AwsFault {
  return knownFault(error, step) ?? answerFault(factsOf(error).status, step);
}

/** The same; undefined where the error only says that something failed, as those of the SDK's sources of credentials do. */
export function knownFault(error: unknown, step: AwsStep): AwsFault | undefined {
  const { name, code } = factsOf(error);
  if (name.endsWith('ProviderError')) return undefined;
  const answer = answers.get(name);
  if (answer !== undefined) return answer;
  if (denials.includes(name)) {
    return fault(
      `AWS denies it: the credentials may not do ${step.permission} here`,
      `For AWS KMS: ask for ${step.permission}, or use other credentials (AWS_PROFILE). \`aws sts get-caller-identity\` shows whose they are.`,
    );
  }
  if (throttles.includes(name)) return fault(`${step.service} takes no more requests now`, 'For AWS KMS: try again.');
  return networkFault(name, code, step);
}

interface Facts {
  readonly name: string;
  readonly code: string;
  readonly status: number | undefined;
}

function factsOf(error: unknown): Facts {
  if (typeof error !== 'object' || error === null) return { name: '', code: '', status: undefined };
  const text = (name: string): string => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === 'string' ? value : '';
  };
  const details: unknown = Reflect.get(error, '$metadata');
  const status: unknown =
    typeof details === 'object' && details !== null ? Reflect.get(details, 'httpStatusCode') : undefined;
  return { name: text('name'), code: text('code'), status: typeof status === 'number' ? status : undefined };
}

const networkWords = new Map(
  Object.entries({
    ECONNREFUSED: 'the connection was refused',
    ECONNRESET: 'the connection was broken off',
    EPIPE: 'the connection was broken off',
    ENOTFOUND: 'its name is not known',
    EAI_AGAIN: 'its name could not be looked up',
    EHOSTUNREACH: 'there is no way to it',
    ENETUNREACH: 'there is no network',
    ERR_INVALID_URL: 'its address is not a URL',
  }),
);

function networkFault(name: string, code: string, step: AwsStep): AwsFault | undefined {
  const { service } = step;
  const what = networkWords.get(code);
  if (what !== undefined) return fault(`${service} cannot be reached: ${what}`, networkHint(step));
  if (name === 'TimeoutError' || name === 'AbortError' || code === 'ETIMEDOUT') {
    return fault(`${service} did not answer within ${step.limitMs / 1000} seconds`, networkHint(step));
  }
  if (/CERT|SIGNED|^ERR_TLS|^ERR_SSL|^EPROTO|LEAF_SIGNATURE/.test(code)) {
    return fault(
      `${service} cannot be reached safely: its certificate is not trusted, or it does not speak TLS`,
      'For AWS KMS: AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS names the certificates of a proxy of your network.',
    );
  }
  return undefined;
}

function networkHint({ endpointVariable }: AwsStep): string {
  return endpointVariable === undefined
    ? 'For AWS KMS: check the network, the region in the ARN and, behind a proxy, HTTPS_PROXY.'
    : `For AWS KMS: check the address in ${endpointVariable}.`;
}

function answerFault(status: number | undefined, step: AwsStep): AwsFault {
  if (status !== undefined && status >= 500) {
    return fault(`${step.service} has a failure of its own (HTTP status ${status})`, 'For AWS KMS: try again.');
  }
  const shown = status === undefined ? '' : ` (HTTP status ${status})`;
  return fault(`${step.service} gave no answer that makes sense${shown}`, networkHint(step));
}
