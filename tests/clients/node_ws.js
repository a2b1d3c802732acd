// A client as people write it for Node: the `ws` package from npm, and nothing else.
// tests/server/test_service.py runs it: node node_ws.js URL KEY FILE

const fs = require("fs");
const WebSocket = require("ws");

const [url, apiKey, file] = process.argv.slice(2);
const socket = new WebSocket(url, { headers: { Authorization: `Bearer ${apiKey}` } });
const audio = [];

socket.on("open", () => {
  for (const text of ["This ", "is ", "a ", "test. "]) {
    socket.send(JSON.stringify({ text, contextId: "first" }));
  }
  socket.send(JSON.stringify({ operation: "flush" }));
  socket.send(JSON.stringify({ text: "And the end", contextId: "second" }));
  socket.send(JSON.stringify({ operation: "eos" }));
});

socket.on("message", (data, isBinary) => {
  const event = JSON.parse(data.toString());
  switch (event.type) {
    case "chunk":
      audio.push(Buffer.from(event.data, "base64"));
      break;
    case "timestamps":
      console.log(`words ${event.word_timestamps.words.join(" ")}`);
      break;
    case "done":
      console.log(`done ${event.contextId}`);
      break;
    default:
      console.log(`${isBinary ? "binary" : event.type} ${event.message}`);
  }
});

socket.on("unexpected-response", (request, response) => {
  let body = "";
  response.on("data", (part) => { body += part; });
  response.on("end", () => console.log(`refused ${response.statusCode} ${body}`));
});

socket.on("error", (error) => console.log(`error ${error.message}`));

socket.on("close", (code, reason) => {
  console.log(`close ${code} ${reason}`.trim());
  fs.writeFileSync(file, Buffer.concat(audio));
});
