// The types speak of what is there, and of all of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as module from "../../web/belfry-client.js";
import { TIMING } from "../../web/client/timing.js";

const types = readFileSync(new URL("../../web/belfry-client.d.ts", import.meta.url), "utf8");

// The names that a class declares: {BelfryClient: ["start", …]}.
const declared = Object.fromEntries(
  [...types.matchAll(/^export class (\w+) [^]*?^}/gm)].map(([text, name]) =>
    [name, [...text.matchAll(/^ {2}(?:readonly )?(\w+)\??[(<:]/gm)].map(([, member]) => member)]));

const made = {
  BelfryClient: () => new module.BelfryClient({ url: "http://localhost", token: "" }),
  InboxList: () => made.BelfryClient().list(),
  Problem: () => new module.Problem(503, {}, 1),
};

test("the exports are those of the types", () => {
  assert.deepEqual(Object.keys(module).sort(), Object.keys(declared).sort());
});

for (const [name, members] of Object.entries(declared)) {
  test(`${name} has what its type says`, () => {
    const object = made[name]();
    const missing = members.filter((member) => member !== "constructor" && !(member in object));
    assert.ok(members.length > 3);
    assert.deepEqual(missing, []);
  });

  test(`the type of ${name} says what it has`, () => {
    const object = made[name]();
    const own = [...Object.keys(object), ...Object.getOwnPropertyNames(Object.getPrototypeOf(object))];
    const known = [...members, "constructor", "name"];
    assert.deepEqual(own.filter((member) => !known.includes(member)), []);
  });
}

test("the timing that the types point at is in milliseconds", () => {
  assert.ok(Object.values(TIMING).every((value) => value >= 100));
});
