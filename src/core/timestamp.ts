/**
 * A point in time as sops stores it: calendar fields, nanoseconds and the zone offset that was written.
 * `Date` loses the last two, and both are part of the ciphertext and of the MAC (`docs/format.md` §3).
 */

export interface TimestampFields {
  /** 0 to 9999. */
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour?: number;
  readonly minute?: number;
  readonly second?: number;
  readonly nanosecond?: number;
  /** Minutes east of UTC; up to 24:60, as Go parses it. */
  readonly offsetMinutes?: number;
}

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

/** An immutable RFC 3339 time. */
export class Timestamp {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  readonly offsetMinutes: number;

  private constructor(fields: TimestampFields) {
    this.year = fields.year;
    this.month = fields.month;
    this.day = fields.day;
    this.hour = fields.hour ?? 0;
    this.minute = fields.minute ?? 0;
    this.second = fields.second ?? 0;
    this.nanosecond = fields.nanosecond ?? 0;
    // `|| 0` turns the -0 of "-00:00" into 0.
    this.offsetMinutes = fields.offsetMinutes || 0;
  }

  /** The time with these fields; what is left out is zero (UTC midnight). Undefined where there is no such date or time. */
  static of(fields: TimestampFields): Timestamp | undefined {
    const time = new Timestamp(fields);
    const valid =
      within(time.year, 0, 9999) &&
      within(time.month, 1, 12) &&
      within(time.day, 1, daysIn(time.year, time.month)) &&
      within(time.hour, 0, 23) &&
      within(time.minute, 0, 59) &&
      within(time.second, 0, 59) &&
      within(time.nanosecond, 0, 999_999_999) &&
      within(time.offsetMinutes, -maxOffsetMinutes, maxOffsetMinutes);
    return valid ? time : undefined;
  }

  /**
   * What Go's `time.Parse(time.RFC3339, text)` accepts: also a comma before the fraction, an hour of one digit and offsets up
   * to 24:60; capital `T` and `Z` only; digits behind the ninth of the fraction are dropped.
   */
  static parse(text: string): Timestamp | undefined {
    const match = rfc3339.exec(text);
    if (match === null) return undefined;
    const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour, offsetMinute] = match;
    if (Number(offsetHour ?? 0) > 24 || Number(offsetMinute ?? 0) > 60) return undefined;
    const offset = Number(offsetHour ?? 0) * 60 + Number(offsetMinute ?? 0);
    return Timestamp.of({
      year: Number(year),
      month: Number(month),
      day: Number(day),
      hour: Number(hour),
      minute: Number(minute),
      second: Number(second),
      nanosecond: Number(fraction.slice(0, 9).padEnd(9, '0')),
      offsetMinutes: sign === '-' ? -offset : offset,
    });
  }

  /** RFC 3339 with as much fraction as needed, as Go's `MarshalText` prints. */
  get text(): string {
    const fraction = this.nanosecond === 0 ? '' : `.${pad(this.nanosecond, 9).replace(/0+$/, '')}`;
    return this.#clock() + fraction + this.#zone();
  }

  /** RFC 3339 to the second: INI, dotenv, metadata. */
  get secondsText(): string {
    return this.#clock() + this.#zone();
  }

  /** False for an offset of 24 hours or more: sops parses such a time but refuses to store it. */
  get isStorable(): boolean {
    return Math.abs(this.offsetMinutes) < 24 * 60;
  }

  #clock(): string {
    const date = `${pad(this.year, 4)}-${pad(this.month, 2)}-${pad(this.day, 2)}`;
    return `${date}T${pad(this.hour, 2)}:${pad(this.minute, 2)}:${pad(this.second, 2)}`;
  }

  #zone(): string {
    if (this.offsetMinutes === 0) return 'Z';
    const minutes = Math.abs(this.offsetMinutes);
    return `${this.offsetMinutes < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60), 2)}:${pad(minutes % 60, 2)}`;
  }
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

const maxOffsetMinutes = 24 * 60 + 60;

const within = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
