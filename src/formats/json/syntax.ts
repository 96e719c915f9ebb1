/**
 * What the JSON parser gives: nodes with their place in the byte text (`utf8.ts`). Duplicate keys stay, in their order.
 */

interface Span {
  readonly start: number;
  /** Offset behind the last byte. */
  readonly end: number;
}

export interface JsonScalar extends Span {
  readonly kind: 'scalar';
  readonly value: string | bigint | number | boolean | null;
  /** Its number in the tree (`core/tree.ts`); -1 inside of the `sops` block. */
  slot: number;
}

/** One member of an object, from its key through its value. */
export interface JsonMember extends Span {
  readonly key: string;
  readonly value: JsonNode;
}

export interface JsonObject {
  readonly kind: 'object';
  readonly start: number;
  end: number;
  readonly parts: JsonMember[];
}

export interface JsonArray {
  readonly kind: 'array';
  readonly start: number;
  end: number;
  readonly parts: JsonNode[];
}

export type JsonContainer = JsonObject | JsonArray;
export type JsonNode = JsonScalar | JsonContainer;

/** The value of a member, or the item itself. */
export const nodeOf = (part: JsonMember | JsonNode): JsonNode => ('key' in part ? part.value : part);

/** The top-level key that belongs to the format and not to the user. */
export const reservedKey = 'sops';
