// The steps of a notification's way, one below the other, each with its time since the one before.

import { visible } from "../inbox/text.js";
import { make } from "./dom.js";
import { counted, duration } from "./times.js";

const QUEUED_BY = { api: "by the API", sweep: "again by the sweep", retry: "for a retry",
  redrive: "by a redrive", broadcast: "by a broadcast" };
const clock = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

// What a step means: [name, tone], where the tone is how it looks.
const STEPS = {
  accepted: () => ["Accepted and stored", "good"],
  queued: ({ by }) => [["Queued", QUEUED_BY[by]].filter(Boolean).join(" "), "plain"],
  attempt: (step) =>
    [`Attempt ${step.number}: ${outcome(step)}`, step.failed || step.refused ? "bad" : "good"],
  dispatched: () => ["Dispatched: no push is outstanding", "good"],
  "given-up": () => ["Given up: it is among the dead letters", "bad"],
  acknowledged: () => ["Acknowledged: a device has shown it", "good"],
  read: () => ["Read", "good"],
  edited: () => ["Content replaced", "plain"],
  deleted: () => ["Deleted by its person", "plain"],
  withdrawn: () => ["Withdrawn", "plain"],
  expired: () => ["Expired", "plain"],
};

export function drawTimeline(list, steps) {
  let before = null;
  list.replaceChildren(...steps.map((step) => {
    const since = before && `${duration(Math.max(0, new Date(step.at) - before))} later`;
    before = new Date(step.at);
    // Steps that a newer server knows are named as they come.
    const [name, tone] = STEPS[step.step]?.(step) ?? [visible(step.step), "plain"];
    return make("li", { "data-tone": tone },
      make("p", { class: "step" }, name),
      step.error && make("p", { class: "step-error", dir: "auto" }, visible(step.error)),
      make("p", { class: "hint" }, make("time", { datetime: step.at }, momentOf(step.at)),
        since && ` · ${since}`));
  }));
}

function outcome({ pushed, gone, failed, refused }) {
  const parts = [
    pushed && `pushed to ${counted(pushed, "device", "devices")}`,
    gone && `${gone} gone`,
    failed && `${failed} failed for the moment`,
    refused && `${refused} refused`,
  ].filter(Boolean);
  return parts.join(", ") || "nobody was connected";
}

function momentOf(time) {
  const moment = new Date(time);
  return `${clock.format(moment)}.${String(moment.getMilliseconds()).padStart(3, "0")}`;
}
