// The admin console: puts the views together, for administrators who are signed in.

import { forgetSession, savedSession, saveSession } from "../session.js";
import { Api } from "./api.js";
import { Broadcasts } from "./broadcasts.js";
import { Charts } from "./charts.js";
import { DeadLetters } from "./dead-letters.js";
import { Online } from "./online.js";
import { Scheduled } from "./scheduled.js";
import { Send } from "./send.js";
import { SignIn } from "./sign-in.js";
import { Trace } from "./trace.js";
import { Views } from "./views.js";

const at = (id) => document.getElementById(id);
const section = (name) => at(`view-${name}`);

const api = new Api(() => leave("Your session has ended. Sign in again to go on."));
const send = new Send(section("send"), api);
const lists = {
  scheduled: new Scheduled(section("scheduled"), api),
  broadcasts: new Broadcasts(section("broadcasts"), api),
  trace: new Trace(section("trace"), api),
  "dead-letters": new DeadLetters(section("dead-letters"), api),
  online: new Online(section("online"), api),
  charts: new Charts(section("charts"), api),
};
const views = new Views(at("views"), { send, ...lists });
const signIn = new SignIn(at("account"), enter);

function enter(session, { focus = false } = {}) {
  const { token, user } = session;
  saveSession({ ...savedSession(), ...session });
  api.use(token);
  signIn.hide();
  at("signed-in").hidden = false;
  at("who").textContent = user.username;
  const admin = user.role === "admin";
  at("console").hidden = at("views").hidden = !admin;
  at("not-for-you").hidden = admin;
  if (!admin) return at("not-for-you").querySelector("h1").focus();
  send.use(user);
  views.start({ focus });
}

// What was being written stays until somebody else signs in.
function leave(notice) {
  views.stop();
  api.use(null);
  forgetSession();
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  for (const view of Object.values(lists)) view.clear();
  at("signed-in").hidden = at("console").hidden = at("views").hidden = at("not-for-you").hidden = true;
  signIn.show(notice);
}

at("sign-out").addEventListener("click", () => {
  send.forget();
  leave("You are signed out.");
});

const saved = savedSession();
if (saved?.token) enter(saved);
else leave("");
