// The types of belfry-client.js. What it does in which case: docs/javascript-client.md.

/** A time on the wire: RFC 3339 UTC with milliseconds, "2026-01-05T10:20:30.123Z". */
export type Time = string;

export type Priority = 1 | 2 | 3 | 4 | 5;

/** One notification; it is either in the inbox, or archived, or snoozed. */
export interface Notification {
  readonly id: string;
  readonly userId: string;
  readonly message: string;
  readonly title?: string;
  readonly category?: string;
  readonly priority: Priority;
  readonly link?: string;
  readonly data?: { readonly [name: string]: unknown };
  readonly read: boolean;
  readonly readAt?: Time;
  readonly archived: boolean;
  /** There while it is snoozed. */
  readonly snoozedUntil?: Time;
  readonly pinned: boolean;
  readonly createdAt: Time;
  /** When it came, or came back from a snooze, into the inbox. */
  readonly arrivedAt: Time;
  /** There when its sender has replaced its content. */
  readonly editedAt?: Time;
  readonly expiresAt?: Time;
  readonly deliverAt?: Time;
  readonly broadcastId?: string;
  readonly seq?: number;
}

/** Which notifications: all that is given has to fit. `{}` is everything in the inbox. */
export interface Filter {
  unread?: boolean;
  /** Of what was archived, instead of the inbox. */
  archived?: boolean;
  /** Of what is snoozed, instead of the inbox. */
  snoozed?: boolean;
  category?: string;
  priority?: Priority;
  /** Arrived at this time or later. */
  since?: Time;
}

export type ChangeName =
  | "read" | "unread" | "archive" | "unarchive" | "delete" | "snooze" | "unsnooze" | "pin" | "unpin";

/**
 * stopped: not started, or stopped, or closed by the server on purpose.
 * connecting: a socket is being opened.
 * live: every event comes at once.
 * polling: sockets do not get through; events come by long polling, as soon.
 * waiting: the server was not reached; the next attempt is at `until` (milliseconds, as of Date.now()).
 * sleeping: the page has been hidden for minutes; wakes when it is visible again.
 */
export interface State {
  readonly name: "stopped" | "connecting" | "live" | "polling" | "waiting" | "sleeping";
  readonly until?: number;
}

/** An event of the person's stream, as docs/protocol.md has it. */
export interface InboxEvent {
  readonly type: string;
  readonly seq: number;
  readonly at: Time;
  readonly unreadCount: number;
  readonly ids?: readonly string[];
  readonly notifications?: readonly Notification[];
  readonly until?: Time;
}

/** An answer that is not a success (RFC 9457). `message` can be shown to a person. */
export class Problem extends Error {
  constructor(
    status: number,
    body?: { type?: string; detail?: string; errors?: readonly { pointer: string; detail: string }[] },
    retryAfter?: number,
  );
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly type: string;
  /** One for each field that is wrong; `pointer` is a JSON pointer into the body, "/message". */
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
  /** The server's wish how long to wait, in seconds. */
  readonly retryAfter?: number;
}

export interface Options {
  /** The origin of the API, "https://belfry.example". Left out: the origin of the page. */
  url?: string;
  /** Left out: `url` with ws: for http: and the path /ws. */
  socketUrl?: string;
  /** A function is asked when a token is first needed, and again when the server refuses it. */
  token: string | (() => string | Promise<string>);
  fetch?: typeof globalThis.fetch;
  WebSocket?: typeof globalThis.WebSocket;
  /** Milliseconds, for those who must not wait: tests. The names stand in client/timing.js. */
  timing?: { readonly [name: string]: number };
}

export interface RequestOptions {
  body?: unknown;
  query?: { readonly [name: string]: string | number | boolean | null | undefined };
  signal?: AbortSignal;
  /** With it a POST acts once, however often it is sent. While another attempt is under way, it is waited for. */
  idempotencyKey?: string;
}

/** A change that shows already, and may still be taken back. */
export interface HeldChange {
  /** Carries it out, once; the same promise each time. Leaving the page does so, too. */
  release(): Promise<{ changed: number }>;
  /** Takes it back, unless it was released. */
  undo(): void;
}

export interface ClientEvents {
  state: Event;
  /** `unreadCount` or what some list shows has changed. */
  change: Event;
  /** New in the inbox, or back from a snooze (unless called back here), and not read elsewhere already. */
  arrived: CustomEvent<readonly Notification[]>;
  /** Each event of the stream, once and in order, after the lists have taken it. */
  event: CustomEvent<InboxEvent>;
  /** A change was refused, and is taken back. */
  problem: CustomEvent<Problem>;
  /** The token is not taken, nor was a new one. The client has stopped. */
  unauthorized: Event;
}

/** One person's inbox, kept in step with the server. */
export class BelfryClient extends EventTarget {
  constructor(options: Options);
  start(): void;
  /** Ends everything; the lists stay as they are. It can be started again. */
  stop(): void;
  /** Does not wait for the next attempt. */
  retryNow(): void;
  readonly state: State;
  /** Unread in the inbox (neither archived nor snoozed), as shown: with changes under way. */
  readonly unreadCount: number;
  /** Everything up to this event was seen; null before the server has said the first. */
  readonly seq: number | null;
  /** `pageSize` (20) is how many are loaded at a time: 1 to 100. */
  list(filter?: Filter, options?: { pageSize?: number }): InboxList;
  /** How many match each of 1 to 20 filters. @throws {Problem} */
  counts(filters: readonly Filter[]): Promise<number[]>;
  /**
   * Changes these, or all that match. It shows at once; the promise is fulfilled when the server has
   * done it, and rejected with a Problem, after a "problem" event, when it was taken back. The promise
   * may be left alone. `until` is for "snooze": in the future, at most a year away.
   */
  change(
    change: ChangeName,
    what: { ids: readonly string[] } | { filter: Filter },
    options?: { until?: Date },
  ): Promise<{ changed: number }>;
  /** The same, but the server is not told before `release()`. */
  hold(
    change: ChangeName,
    what: { ids: readonly string[] } | { filter: Filter },
    options?: { until?: Date },
  ): HeldChange;
  read(ids: string | readonly string[]): Promise<{ changed: number }>;
  unread(ids: string | readonly string[]): Promise<{ changed: number }>;
  archive(ids: string | readonly string[]): Promise<{ changed: number }>;
  unarchive(ids: string | readonly string[]): Promise<{ changed: number }>;
  delete(ids: string | readonly string[]): Promise<{ changed: number }>;
  snooze(ids: string | readonly string[], until: Date): Promise<{ changed: number }>;
  unsnooze(ids: string | readonly string[]): Promise<{ changed: number }>;
  pin(ids: string | readonly string[]): Promise<{ changed: number }>;
  unpin(ids: string | readonly string[]): Promise<{ changed: number }>;
  /** Any call of the API, "GET", "/api/me"; answers the parsed body. @throws {Problem} */
  request(method: string, path: string, options?: RequestOptions): Promise<any>;
  addEventListener<Name extends keyof ClientEvents>(
    type: Name, listener: (event: ClientEvents[Name]) => void, options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Name extends keyof ClientEvents>(
    type: Name, listener: (event: ClientEvents[Name]) => void, options?: boolean | EventListenerOptions,
  ): void;
}

/**
 * What matches a filter: pinned first, then the newest. Made by `client.list()`, and kept in step until
 * `close()`. Its event "change" says that something of it has changed.
 */
export class InboxList extends EventTarget {
  readonly filter: Filter;
  /** As shown: with changes under way. A new array after a change; items that are the same, are the same objects. */
  readonly items: readonly Notification[];
  /** "first": `items` are being loaded, or loaded anew; so too until the client is started. */
  readonly loading: null | "first" | "more";
  /** Why it could not be loaded. The first page is tried again by itself, further ones by `more()`. */
  readonly problem: Problem | null;
  /** Whether there are more than `items`. */
  readonly hasMore: boolean;
  more(): void;
  reload(): void;
  close(): void;
  addEventListener(
    type: "change", listener: (event: Event) => void, options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener(
    type: "change", listener: (event: Event) => void, options?: boolean | EventListenerOptions,
  ): void;
}
