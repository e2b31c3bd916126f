/** A newsroom's own site, on another origin than the comments: whatever pages a test gives it, under a strict policy. */
import http from "node:http";

export class Host {
  #pages = new Map();

  static async open() {
    const host = new Host();
    host.server = http.createServer((request, response) => {
      const page = host.#pages.get(request.url);
      response.writeHead(page ? 200 : 404, { "content-type": "text/html; charset=utf-8", ...page?.headers });
      response.end(page?.html ?? "");
    });
    await new Promise((resolve) => host.server.listen(0, "127.0.0.1", resolve));
    host.url = `http://127.0.0.1:${host.server.address().port}`;
    return host;
  }

  /** Puts a page at a path. Scripts come from the comments' server only, and none may write HTML but by lit's policy. */
  page(path, comments, body, head = "") {
    const policy = `default-src 'none'; script-src ${comments}; connect-src ${comments}; style-src 'none'; require-trusted-types-for 'script'; trusted-types lit-html`;
    const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page of the newsroom</title>${head}</head><body><main><h1>News</h1>${body}</main></body></html>`;
    this.#pages.set(path, { html, headers: { "content-security-policy": policy } });
    return this.url + path;
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
