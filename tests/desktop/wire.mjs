import { once } from "node:events";
import { connect, createServer } from "node:net";

/** A wire to a hub that can be cut: while it is, what was open is torn and nothing new gets through. */
export async function openWire(url) {
  const { hostname, port } = new URL(url);
  const open = new Set();
  let cut = false;
  const server = createServer((near) => {
    if (cut) return near.resetAndDestroy();
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        open.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut() {
      cut = true;
      for (const socket of open) socket.resetAndDestroy();
    },
    mend() {
      cut = false;
    },
    close() {
      this.cut();
      server.close();
    },
  };
}
