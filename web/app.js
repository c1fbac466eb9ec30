// The page: puts the parts together, and passes between "nobody is signed in" and "somebody is". The
// inbox itself is <belfry-inbox>, twice: below the bell, and on the desk.

import { Account } from "./account.js";
import { Api } from "./api.js";
import "./belfry-inbox.js";
import { Send } from "./send.js";
import { forgetSession, savedSession, saveSession } from "./session.js";

const MOST = 99; // in the title of the tab

const at = (id) => document.getElementById(id);
const inboxes = [at("inbox"), at("bell")]; // the first one speaks to screen readers

const api = new Api((client) => {
  if (client === api.client) leave("Your session has ended. Sign in again to go on.");
});
const account = new Account(at("account"), api, enter);
const send = new Send(at("send-panel"), api);

function enter(session) {
  const { token, user, tab = "all" } = session;
  saveSession(session);
  api.use(token);
  account.hide();
  at("signed-in").hidden = at("desk").hidden = false;
  at("who").textContent = user.username;
  at("console").hidden = user.role !== "admin";
  send.showFor(user);
  at("inbox").tab = tab;
  for (const inbox of inboxes) inbox.client = api.client;
  api.client.addEventListener("change", drawTitle);
  api.client.start();
}

function leave(notice) {
  api.client.stop();
  api.use("");
  forgetSession();
  for (const inbox of inboxes) inbox.client = null;
  document.title = "Belfry";
  at("signed-in").hidden = at("desk").hidden = true;
  account.show(notice);
}

function drawTitle({ target: { unreadCount } }) {
  const number = unreadCount > MOST ? `${MOST}+` : unreadCount;
  document.title = unreadCount ? `(${number}) Belfry` : "Belfry";
}

at("inbox").addEventListener("tab-change", ({ detail: { tab } }) => saveSession({ ...savedSession(), tab }));
at("sign-out").addEventListener("click", () => {
  send.forget();
  leave("You are signed out.");
});

const saved = savedSession();
if (saved?.token) enter(saved);
else account.show();
