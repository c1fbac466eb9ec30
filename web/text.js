// What was received, made fit to be shown: as in the inbox.

export { safeLink, visible } from "./inbox/text.js";
