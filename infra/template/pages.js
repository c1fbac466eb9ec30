// The addresses of the pages, as the runner serves them: see infra/pages.py for what is uploaded.
var PAGES = {
  "/": "/web/index.html",
  "/admin": "/web/admin.html",
  "/docs": "/web/docs.html",
  "/favicon.ico": "/web/bell.svg",
};

function handler(event) {
  var request = event.request;
  if (request.uri === "/docs/") {
    return { statusCode: 307, statusDescription: "Temporary Redirect", headers: { location: { value: "/docs" } } };
  }
  request.uri = PAGES[request.uri] || request.uri;
  return request;
}
