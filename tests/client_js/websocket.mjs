// The server's end of a WebSocket, as much of RFC 6455 as tests need: small text frames and closing.

import { createHash } from "node:crypto";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

// Answers the handshake, and calls `received(text)` for each message.
export function accept(request, stream, received) {
  const key = request.headers["sec-websocket-key"];
  const proof = createHash("sha1").update(key + MAGIC).digest("base64");
  stream.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    + `Sec-WebSocket-Accept: ${proof}\r\n\r\n`);
  let waiting = Buffer.alloc(0);
  stream.on("error", () => {});
  stream.on("data", (data) => {
    waiting = Buffer.concat([waiting, data]);
    for (let frame = read(waiting); frame; frame = read(waiting)) {
      waiting = waiting.subarray(frame.length);
      if (frame.opcode === 8) stream.end(frameOf(8, frame.payload));
      if (frame.opcode === 1) received(frame.payload.toString());
    }
  });
  return {
    send: (text) => stream.writable && stream.write(frameOf(1, Buffer.from(text))),
    close(code) {
      const payload = Buffer.alloc(2);
      payload.writeUInt16BE(code);
      if (stream.writable) stream.end(frameOf(8, payload));
    },
    destroy: () => stream.destroy(),
  };
}

// Answers {opcode, payload, length} of the first frame; undefined when it is not there as a whole.
function read(bytes) {
  if (bytes.length < 6) return undefined;
  const short = bytes[1] & 0x7f;
  const start = { 126: 4, 127: 10 }[short] ?? 2;
  if (bytes.length < start + 4) return undefined;
  const size = { 126: () => bytes.readUInt16BE(2), 127: () => Number(bytes.readBigUInt64BE(2)) };
  const length = start + 4 + (size[short]?.() ?? short);
  if (bytes.length < length) return undefined;
  const mask = bytes.subarray(start, start + 4);
  const payload = bytes.subarray(start + 4, length).map((byte, at) => byte ^ mask[at % 4]);
  return { opcode: bytes[0] & 0x0f, payload: Buffer.from(payload), length };
}

function frameOf(opcode, payload) {
  const { length } = payload;
  const head = length < 126 ? Buffer.from([0x80 | opcode, length]) : Buffer.alloc(10);
  if (length >= 126) {
    head.set([0x80 | opcode, 127]);
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}
