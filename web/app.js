// The page: puts the parts together, and passes between "nobody is signed in" and "somebody is".

import { Account } from "./account.js";
import { Api } from "./api.js";
import { Bell } from "./bell.js";
import { Client } from "./client.js";
import { shownItems, shownUnread } from "./inbox.js";
import { InboxView } from "./inbox-view.js";
import { Send } from "./send.js";
import { forgetSession, savedSession, saveSession } from "./session.js";
import { Status } from "./status.js";
import { Toasts } from "./toasts.js";

const REFRESH_TIMES_MILLISECONDS = 30_000;

const at = (id) => document.getElementById(id);
const socketAddress = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;

const api = new Api(() => leave("Your session has ended. Sign in again to go on."));
const account = new Account(at("account"), api, enter);
const bell = new Bell(at("bell"));
const status = new Status(at("connection"));
const toasts = new Toasts(at("toasts"), at("toast"));
const send = new Send(at("send-panel"), api);
const view = new InboxView(at("inbox"), at("notification"), {
  mark: (id, read) => client.mark(id, read),
  more: () => client.more(),
  reload: () => client.reload(),
  filter: (filter) => {
    saveSession({ ...savedSession(), filter });
    client.filter(filter);
  },
});

let client = null;

function enter(session) {
  const { token, user, filter = "all" } = session;
  saveSession(session);
  api.use(token);
  account.hide();
  at("signed-in").hidden = at("desk").hidden = false;
  at("who").textContent = user.username;
  send.showFor(user);
  view.start(filter);
  client = new Client(api, socketAddress, filter, {
    changed: draw,
    arrived: (notifications) => {
      bell.ring();
      toasts.arrived(notifications);
    },
    connection: (state) => status.show(state),
    failed: (problem) => toasts.say("Not changed", problem.message, "trouble"),
  });
  client.start();
}

function leave(notice) {
  client?.stop();
  client = null;
  api.use(null);
  forgetSession();
  bell.show(0);
  view.clear();
  toasts.clear();
  at("signed-in").hidden = at("desk").hidden = true;
  account.show(notice);
}

function draw() {
  if (!client) return;
  view.show(shownItems(client.inbox), client);
  bell.show(shownUnread(client.inbox));
}

at("sign-out").addEventListener("click", () => {
  send.forget();
  leave("You are signed out.");
});
at("connection").querySelector("button").addEventListener("click", () => client.retryNow());
setInterval(() => view.tick(), REFRESH_TIMES_MILLISECONDS);

const saved = savedSession();
if (saved?.token) enter(saved);
else leave("");
