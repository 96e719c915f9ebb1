/** The environment variables of this process. */

/** The value of a variable; an empty one is not the same as none. */
export type Environment = (name: string) => string | undefined;

export const env: Environment = name => process.env[name];
