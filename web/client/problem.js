// What went wrong, with a sentence that can be shown to a person.

// For answers of the gateway itself, which carry no explanation (docs/architecture.md).
const MEANING = {
  0: "The server cannot be reached. Check the connection and try again.",
  401: "Your session has ended. Sign in again.",
  403: "You are not allowed to do this.",
  413: "This is too large to be sent.",
  429: "Too many requests at once. Wait a moment and try again.",
  500: "Something went wrong on the server. Try again.",
  503: "The server is not available for the moment. Try again.",
};

const PASSING = new Set([0, 429, 502, 503, 504]);

// An answer that is not a success (RFC 9457). `status` is 0 when there was none; `errors` are
// {pointer, detail}, one for each field that is wrong; `retryAfter` is in seconds.
export class Problem extends Error {
  constructor(status, { type = "", detail, errors = [] } = {}, retryAfter) {
    super(detail ?? MEANING[status] ?? `The server answered with status ${status}. Try again.`);
    this.name = "Problem";
    Object.assign(this, { status, type, errors, retryAfter });
  }
}

// Whether the same request may do better later.
export const isPassing = ({ status }) => PASSING.has(status);

// Whether a request with the same Idempotency-Key is still being carried out.
export const isInProgress = ({ status, retryAfter }) => status === 409 && retryAfter !== undefined;
