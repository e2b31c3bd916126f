/** A line between a browser and a server that can be cut: established connections end, new ones are refused. */
import net from "node:net";

export class Line {
  #sockets = new Set();
  #up = true;

  static async to(address) {
    const line = new Line();
    const { hostname, port } = new URL(address);
    line.server = net.createServer((near) => {
      if (!line.#up) return near.destroy();
      const far = net.connect(Number(port), hostname);
      for (const [one, other] of [[near, far], [far, near]]) {
        line.#sockets.add(one);
        one.on("error", () => other.destroy()).on("close", () => (line.#sockets.delete(one), other.destroy()));
        one.pipe(other);
      }
    });
    await new Promise((resolve) => line.server.listen(0, "127.0.0.1", resolve));
    line.url = `http://127.0.0.1:${line.server.address().port}`;
    return line;
  }

  /** How many connections there are from the browser to the server, now. */
  get open() {
    return this.#sockets.size / 2;
  }

  cut() {
    this.#up = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend() {
    this.#up = true;
  }

  close() {
    this.cut();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
