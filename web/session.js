// Who is signed in, in this tab only, and kept over a reload.

const KEY = "belfry.session";

export function savedSession() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

// A session is {token, user, tab}.
export const saveSession = (session) => sessionStorage.setItem(KEY, JSON.stringify(session));

export const forgetSession = () => sessionStorage.removeItem(KEY);
